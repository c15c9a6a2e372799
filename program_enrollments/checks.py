"""System checks of settings that are right in one place and wrong in another."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def warn_of_enabled_reset(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn while anyone on the staff can wipe an organization with one request (contract section 5.4)."""
    if not settings.ENABLE_ENROLLMENT_RESET:
        return []
    return [
        Warning(
            "ENABLE_ENROLLMENT_RESET is on: one request of a staff account deletes an organization's enrollments.",
            hint="Switch it on in test environments only.",
            id="program_enrollments.W001",
        )
    ]
