"""What happens to jobs when something happens to learners."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from program_enrollments.signals import learners_forgotten
from registrar.forgetting import delete_jobs_that_name


@receiver(learners_forgotten)
def forget_copies_in_results(
    *, program_uuids: Collection[UUID], student_keys: Collection[str], names: Collection[str], **kwargs: Any
) -> dict[str, set[str]]:
    """Delete the results that name forgotten learners."""
    return delete_jobs_that_name(program_uuids, student_keys, names)
