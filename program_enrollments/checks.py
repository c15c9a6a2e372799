"""System checks of settings."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register()
def check_course_home_url_template(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to start where all course runs would have the same address (contract section 5.3)."""
    if "{course_id}" in settings.COURSE_HOME_URL_TEMPLATE:
        return []
    return [
        Error(
            "COURSE_HOME_URL_TEMPLATE has no {course_id} in it, so that all course runs would have the same address.",
            hint="An example: https://learn.example.edu/courses/{course_id}/home",
            id="program_enrollments.E001",
        )
    ]


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
