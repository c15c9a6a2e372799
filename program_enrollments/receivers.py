"""What happens to enrollments when something happens to learners."""

from typing import Any

from django.dispatch import receiver

from learners.service import User
from learners.signals import identity_created
from program_enrollments.api import link_waiting_enrollments
from program_enrollments.api.records import ChangeSource
from program_enrollments.constants import ChangeReason


@receiver(identity_created)
def link_enrollments_on_first_sign_in(*, user: User, organization_key: str, student_key: str, **kwargs: Any) -> None:
    """Link what waits for the student key to the account that has just shown it (contract section 7)."""
    link_waiting_enrollments(
        user=user,
        organization_key=organization_key,
        student_key=student_key,
        source=ChangeSource(user_id=user.pk, reason=ChangeReason.IDENTITY.value),
    )
