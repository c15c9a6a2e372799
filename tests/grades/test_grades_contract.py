"""What any grades backend promises; each test runs on every backend."""

from dataclasses import dataclass
from typing import Any

import pytest
from opaque_keys.edx.keys import CourseKey

from grades.backends.database import DatabaseGrades
from grades.backends.lms import LmsGrades
from grades.service import CourseGrade, GradeResult, get_grades
from tests.factories.grades import CourseGradeFactory
from tests.factories.learners import RUN_KEY, UserFactory
from tests.grades.fake_lms import FakeLms, grade_body
from tests.local_server import Answer

OTHER_RUN_KEY = CourseKey.from_string("course-v1:edX+ToyX+2027_T1")
OLD_RUN_KEY = CourseKey.from_string("edX/ToyX/2012_Fall")


class GradesInDatabase:
    grades = DatabaseGrades()

    def record(self, user, course_key=RUN_KEY, **grade):
        CourseGradeFactory(user=user, course_key=course_key, **grade)


@dataclass
class GradesInLms:
    lms: FakeLms
    grades: Any

    def record(self, user, course_key=RUN_KEY, **grade):
        body = grade_body(user.username, course_id=str(course_key), **grade)
        self.lms.answers[str(course_key), user.username] = Answer(body=body)


@pytest.fixture(params=["database", "lms"])
def backend(request):
    if request.param == "database":
        return GradesInDatabase()
    return GradesInLms(lms=request.getfixturevalue("lms"), grades=LmsGrades())


def test_grade_is_read_when_one_is_recorded(backend):
    user = UserFactory()
    backend.record(user, percent=0.875, letter_grade="B", passed=True)
    assert list(backend.grades.iter_course_grades(RUN_KEY, [user])) == [
        GradeResult(user=user, grade=CourseGrade(percent=0.875, letter_grade="B", passed=True), error=None)
    ]


def test_grade_is_zero_when_learner_was_never_graded(backend):
    user = UserFactory()
    assert list(backend.grades.iter_course_grades(RUN_KEY, [user])) == [
        GradeResult(user=user, grade=CourseGrade(percent=0.0, letter_grade=None, passed=False), error=None)
    ]


@pytest.mark.parametrize("recorded_letter", [None, ""])
def test_letter_grade_is_none_when_there_is_none(backend, recorded_letter):
    user = UserFactory()
    backend.record(user, percent=0.3, letter_grade=recorded_letter, passed=False)
    (result,) = backend.grades.iter_course_grades(RUN_KEY, [user])
    assert result.grade == CourseGrade(percent=0.3, letter_grade=None, passed=False)


@pytest.mark.parametrize("percent", [0, 1])
def test_percent_is_a_float_at_the_ends_of_its_range(backend, percent):
    user = UserFactory()
    backend.record(user, percent=percent)
    (result,) = backend.grades.iter_course_grades(RUN_KEY, [user])
    assert result.grade.percent == percent
    assert isinstance(result.grade.percent, float)


def test_results_are_in_the_order_of_the_users(backend):
    users = [UserFactory(username=username) for username in ["zoe", "adam", "mia", "ben"]]
    for position, user in enumerate(users):
        backend.record(user, percent=position / 10)
    wanted = [users[2], users[0], users[3], users[1]]
    results = list(backend.grades.iter_course_grades(RUN_KEY, wanted))
    assert [(result.user, result.grade.percent) for result in results] == [
        (users[2], 0.2),
        (users[0], 0.0),
        (users[3], 0.3),
        (users[1], 0.1),
    ]


def test_grades_of_other_learners_and_other_runs_are_left_out(backend):
    user = UserFactory()
    backend.record(UserFactory(), percent=0.9)
    backend.record(user, course_key=OTHER_RUN_KEY, percent=0.9)
    (result,) = backend.grades.iter_course_grades(RUN_KEY, [user])
    assert result.grade.percent == 0.0


def test_course_key_of_the_old_form_is_understood(backend):
    user = UserFactory()
    backend.record(user, course_key=OLD_RUN_KEY, percent=0.5)
    (result,) = backend.grades.iter_course_grades(OLD_RUN_KEY, [user])
    assert result.grade.percent == 0.5


def test_username_with_special_characters_is_read(backend):
    user = UserFactory(username="zoë+o'neil@school")
    backend.record(user, percent=0.5)
    (result,) = backend.grades.iter_course_grades(RUN_KEY, [user])
    assert result.grade.percent == 0.5


def test_nothing_is_yielded_when_there_are_no_users(backend):
    assert list(backend.grades.iter_course_grades(RUN_KEY, [])) == []


def test_users_may_be_an_iterator(backend):
    user = UserFactory()
    assert [result.user for result in backend.grades.iter_course_grades(RUN_KEY, iter([user]))] == [user]


@pytest.mark.parametrize("learners", [1, 3])
def test_grades_of_any_number_of_learners_cost_one_query_from_the_database(learners, django_assert_num_queries):
    users = [CourseGradeFactory().user for _ in range(learners)]
    with django_assert_num_queries(1):
        results = list(DatabaseGrades().iter_course_grades(RUN_KEY, users))
    assert [result.grade for result in results] == [
        CourseGrade(percent=0.875, letter_grade="B", passed=True)
    ] * learners


@pytest.mark.parametrize("backend_class", [DatabaseGrades, LmsGrades])
def test_get_grades_returns_the_backend_that_the_setting_names(settings, backend_class):
    settings.GRADES_BACKEND = f"{backend_class.__module__}.{backend_class.__name__}"
    assert type(get_grades()) is backend_class
