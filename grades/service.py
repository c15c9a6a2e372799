"""The front door of grades (contract section 5.1).

`get_grades()` returns the backend that the setting `GRADES_BACKEND` names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from opaque_keys.edx.keys import CourseKey

from grades.passes import Pass, list_passes

__all__ = [
    "NO_GRADE",
    "CourseGrade",
    "GradeResult",
    "Grades",
    "Pass",
    "get_grades",
    "list_passes",
]


@dataclass(frozen=True, slots=True)
class CourseGrade:
    """A grade. `percent` is a fraction 0-1; `letter_grade` is None when there is none."""

    percent: float
    letter_grade: str | None
    passed: bool


NO_GRADE = CourseGrade(percent=0.0, letter_grade=None, passed=False)
"""What a learner has who was never graded."""


@dataclass(frozen=True, slots=True)
class GradeResult:
    """One learner's grade, or a sentence that says why it could not be read. Exactly one of the two is set."""

    user: Any  # an instance of the user model
    grade: CourseGrade | None
    error: str | None


class Grades(Protocol):
    """Read access to grades."""

    def iter_course_grades(self, course_key: CourseKey, users: Iterable[Any]) -> Iterator[GradeResult]:
        """Yield one result for each user, in the order given; a failure of one learner is that learner's error."""


def get_grades() -> Grades:
    """Return the grades backend named by the setting `GRADES_BACKEND`."""
    return _load_backend(settings.GRADES_BACKEND)


@lru_cache(maxsize=8)
def _load_backend(dotted_path: str) -> Grades:
    return cast(Grades, import_string(dotted_path)())
