"""Grades of learners who take a course run through a program (contract section 5.1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opaque_keys.edx.keys import CourseKey

from grades.service import CourseGrade, get_grades
from program_enrollments.models import ProgramCourseEnrollment


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
    results = get_grades().iter_course_grades(course_key, users)
    for enrollment, result in zip(enrollments, results, strict=True):
        yield ProgramCourseGrade(
            student_key=enrollment.program_enrollment.external_user_key, grade=result.grade, error=result.error
        )
