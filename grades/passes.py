"""Who passed which course run, and when, as recorded in our database."""

from dataclasses import dataclass
from datetime import datetime

from opaque_keys.edx.keys import CourseKey

from grades.models import CourseGrade


@dataclass(frozen=True, slots=True)
class Pass:
    """An account that passed a course run."""

    user_id: int
    course_key: CourseKey


def list_passes(*, since: datetime, before: datetime) -> list[Pass]:
    """Return who passed a run from the moment `since` on and earlier than `before`, in the order of passing."""
    grades = CourseGrade.objects.filter(passed=True, passed_at__gte=since, passed_at__lt=before)
    return [Pass(grade.user_id, grade.course_key) for grade in grades.order_by("passed_at", "pk")]
