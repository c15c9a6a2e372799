"""`programs/{program_uuid}/courses/{course_id}/grades/` (contract section 5.1)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grades.service import NO_GRADE, GradeResult
from program_enrollments import api
from tests.factories.grades import CourseGradeFactory
from tests.factories.learners import UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory


class HalfBrokenGrades:
    """Cannot read the grades of learners whose username says so."""

    def iter_course_grades(self, course_key, users):
        for user in users:
            if user.username.startswith("broken"):
                yield GradeResult(user=user, grade=None, error="No answer.")
            else:
                yield GradeResult(user=user, grade=NO_GRADE, error=None)


class RaisingGrades:
    """Reads one grade, and then meets a fault of its own."""

    def iter_course_grades(self, course_key, users):
        yield GradeResult(user=users[0], grade=NO_GRADE, error=None)
        raise ConnectionError("secret")


class RefusingGrades:
    """Cannot even begin."""

    def iter_course_grades(self, course_key, users):
        raise ConnectionError("secret")


@pytest.fixture
def grades_path(course_path):
    return f"{course_path}grades/"


@pytest.fixture
def enroll(program, curriculum):
    def make(key, user=None, **fields):
        enrollment = ProgramEnrollmentFactory(
            program_uuid=program.uuid, curriculum_uuid=curriculum.uuid, external_user_key=key, user=user
        )
        return ProgramCourseEnrollmentFactory(program_enrollment=enrollment, **fields)

    return make


def test_grades_of_linked_learners_are_told(staff_client, grades_path, enroll):
    graded = UserFactory()
    CourseGradeFactory(user=graded, percent=0.875, letter_grade="B", passed=True)
    enroll("graded", graded)
    enroll("inactive and without grade", UserFactory(), status="inactive")
    enroll("waiting")

    response = staff_client.get(grades_path)

    assert response.status_code == 200
    assert response.json()["results"] == [
        {"student_key": "graded", "letter_grade": "B", "passed": True, "percent": 0.875},
        {"student_key": "inactive and without grade", "letter_grade": None, "passed": False, "percent": 0.0},
    ]


def test_an_empty_page_is_204_without_body(staff_client, grades_path, enroll):
    enroll("waiting")

    response = staff_client.get(grades_path)

    assert response.status_code == 204
    assert response.content == b""
    assert "Content-Type" not in response


@pytest.mark.parametrize(
    ("usernames", "status"), [(["fine", "fine2"], 200), (["fine", "broken"], 207), (["broken", "broken2"], 422)]
)
def test_the_status_sums_up_the_page(staff_client, grades_path, enroll, settings, usernames, status):
    settings.GRADES_BACKEND = f"{__name__}.HalfBrokenGrades"
    for username in usernames:
        enroll(username, UserFactory(username=username))

    response = staff_client.get(grades_path)

    assert response.status_code == status
    assert [row.get("error") for row in response.json()["results"]] == [
        "No answer." if username.startswith("broken") else None for username in usernames
    ]


def test_a_learner_who_is_unlinked_meanwhile_is_left_out(staff_client, grades_path, enroll, monkeypatch):
    list_page = api.list_program_course_enrollment_page

    def list_page_then_unlink(**place):
        rows = list_page(**place)
        api.unlink_program_enrollment(leaving.program_enrollment)
        return rows

    leaving = enroll("leaving", UserFactory())
    enroll("staying", UserFactory())
    monkeypatch.setattr(api, "list_program_course_enrollment_page", list_page_then_unlink)

    response = staff_client.get(grades_path)

    assert response.status_code == 200
    assert [grade["student_key"] for grade in response.json()["results"]] == ["staying"]


def test_an_error_row_has_only_key_and_error(staff_client, grades_path, enroll, settings):
    settings.GRADES_BACKEND = f"{__name__}.HalfBrokenGrades"
    enroll("a", UserFactory(username="broken"))

    assert staff_client.get(grades_path).json()["results"] == [{"student_key": "a", "error": "No answer."}]


def test_grades_come_a_page_at_a_time(staff_client, grades_path, enroll):
    for n in range(3):
        enroll(f"k{n}", UserFactory())

    first = staff_client.get(grades_path, {"page_size": 2})
    second = staff_client.get(first.json()["next"])

    assert [row["student_key"] for row in first.json()["results"]] == ["k0", "k1"]
    assert [row["student_key"] for row in second.json()["results"]] == ["k2"]


def test_a_page_costs_the_same_for_any_number_of_learners(staff_client, grades_path, enroll):
    counts = []
    for size in (1, 10):
        for n in range(size):
            enroll(f"{size}-{n}", UserFactory())
        with CaptureQueriesContext(connection) as queries:
            staff_client.get(grades_path)
        counts.append(len(queries))

    assert counts == [5, 5]


@pytest.mark.parametrize(("backend", "status", "read"), [(RaisingGrades, 207, 1), (RefusingGrades, 422, 0)])
def test_learners_whom_a_failing_backend_leaves_out_have_an_error(
    staff_client, grades_path, enroll, settings, backend, status, read
):
    settings.GRADES_BACKEND = f"{__name__}.{backend.__name__}"
    for key in ("first", "second", "third"):
        enroll(key, UserFactory())

    response = staff_client.get(grades_path)

    assert response.status_code == status
    assert [result.get("error") for result in response.json()["results"]] == [None] * read + [
        "The grade could not be read."
    ] * (3 - read)
