"""What happens to imports when something happens to learners."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from imports.forgetting import forget_learners
from program_enrollments.signals import learners_forgotten


@receiver(learners_forgotten)
def forget_copies_in_imports(
    *,
    program_uuids: Collection[UUID],
    student_keys: Collection[str],
    names: Collection[str],
    is_urgent: bool,
    **kwargs: Any,
) -> dict[str, set[str]]:
    """Take forgotten learners out of rows and files."""
    return forget_learners(program_uuids, student_keys, names, is_urgent=is_urgent)
