"""Reading the grades of a program's learners (contract section 5.1)."""

from grades.service import NO_GRADE, CourseGrade
from program_enrollments import api
from tests.factories.grades import CourseGradeFactory
from tests.factories.learners import RUN_KEY, UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory


def test_grades_come_in_the_order_of_the_enrollments(django_assert_num_queries):
    enrollments = [
        ProgramCourseEnrollmentFactory(
            program_enrollment__external_user_key=key, program_enrollment__user=UserFactory()
        )
        for key in ("b", "a")
    ]
    CourseGradeFactory(user=enrollments[1].program_enrollment.user, percent=0.5, letter_grade="C", passed=True)

    with django_assert_num_queries(1):
        grades = list(api.iter_program_course_grades(course_key=RUN_KEY, enrollments=enrollments))

    assert grades == [
        api.ProgramCourseGrade(student_key="b", grade=NO_GRADE, error=None),
        api.ProgramCourseGrade(
            student_key="a", grade=CourseGrade(percent=0.5, letter_grade="C", passed=True), error=None
        ),
    ]
