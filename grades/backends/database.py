"""Grades recorded in our own database."""

from collections.abc import Iterable, Iterator
from typing import Any

from opaque_keys.edx.keys import CourseKey

from grades import models
from grades.service import NO_GRADE, CourseGrade, GradeResult


class DatabaseGrades:
    """Reads `grades.models.CourseGrade`, all learners in one query."""

    def iter_course_grades(self, course_key: CourseKey, users: Iterable[Any]) -> Iterator[GradeResult]:
        """Yield each user's grade; a learner without a row was never graded. There are no errors."""
        learners = list(users)
        rows = models.CourseGrade.objects.filter(
            course_key=course_key, user_id__in=[learner.pk for learner in learners]
        ).values_list("user_id", "percent", "letter_grade", "passed")
        grade_by_user_id = {
            user_id: CourseGrade(percent=percent, letter_grade=letter_grade or None, passed=passed)
            for user_id, percent, letter_grade, passed in rows
        }
        for learner in learners:
            yield GradeResult(user=learner, grade=grade_by_user_id.get(learner.pk, NO_GRADE), error=None)
