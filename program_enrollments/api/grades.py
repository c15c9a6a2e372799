"""Grades of learners who take a course run through a program (contract section 5.1)."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opaque_keys.edx.keys import CourseKey

from grades.service import CourseGrade, GradeResult, get_grades
from program_enrollments.models import ProgramCourseEnrollment
from program_enrollments.outages import is_outage

NOT_READ = "The grade could not be read."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProgramCourseGrade:
    """One learner's grade, or a sentence that says why it could not be read. Exactly one of the two is set."""

    student_key: str | None
    grade: CourseGrade | None
    error: str | None


def iter_program_course_grades(
    *, course_key: CourseKey, enrollments: Sequence[ProgramCourseEnrollment]
) -> Iterator[ProgramCourseGrade]:
    """Yield the grade of each enrollment, in their order; all must be linked, with their accounts loaded.

    A learner's grade that cannot be read is that learner's error; the others are yielded all the same.
    """
    users = [enrollment.program_enrollment.user for enrollment in enrollments]
    results = _iter_results(course_key, users)
    for enrollment, result in zip(enrollments, results, strict=False):
        yield ProgramCourseGrade(
            student_key=enrollment.program_enrollment.external_user_key, grade=result.grade, error=result.error
        )


def _iter_results(course_key: CourseKey, users: Sequence[Any]) -> Iterator[GradeResult]:
    """Yield one result for each user; those that the backend leaves unanswered have an error.

    Raises: what tells of an outage of our own database.
    """
    answered = 0
    try:
        for result in get_grades().iter_course_grades(course_key, users):
            yield result
            answered += 1
    except Exception as fault:  # a site's own backend may raise anything, and must not fail the page
        if is_outage(fault):
            raise
        # The fault's own text may name a learner.
        logger.error("The grades backend failed: %s.", type(fault).__name__)  # noqa: TRY400 -- see above
    for user in users[answered:]:
        yield GradeResult(user=user, grade=None, error=NOT_READ)
