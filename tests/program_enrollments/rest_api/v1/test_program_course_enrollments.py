"""`programs/{program_uuid}/courses/{course_id}/enrollments/` (contract sections 4.2 and 5)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from opaque_keys.edx.keys import CourseKey

from learners.models import CourseAccessRole
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment
from tests.factories.catalog import CourseRunFactory
from tests.factories.learners import CourseAccessRoleFactory, CourseEnrollmentFactory, UserFactory
from tests.factories.program_enrollments import (
    CourseAccessRoleAssignmentFactory,
    ProgramCourseEnrollmentFactory,
    ProgramEnrollmentFactory,
)


@pytest.fixture
def enroll(program, curriculum):
    def make(**fields):
        return ProgramEnrollmentFactory(program_uuid=program.uuid, curriculum_uuid=curriculum.uuid, **fields)

    return make


@pytest.mark.parametrize(
    ("course_id", "code"),
    [
        ("no-key", "course_does_not_exist"),
        ("course-v1:edX+Nowhere+2026", "course_does_not_exist"),
        ("course-v1:edX+ToyX+2026%00", "course_does_not_exist"),
        ("library-v1:edX+Books", "course_does_not_exist"),
        ("edX/Elsewhere/2026", "course_not_in_program"),
    ],
)
@pytest.mark.parametrize("endpoint", ["enrollments", "grades"])
def test_a_wrong_course_is_404(staff_client, program_path, course_path, course_id, code, endpoint):
    CourseRunFactory(key=CourseKey.from_string("edX/Elsewhere/2026"))

    response = staff_client.get(f"{program_path}courses/{course_id}/{endpoint}/")

    assert response.status_code == 404
    assert response.json()["error_code"] == code


def test_a_wrong_path_is_answered_before_a_wrong_body(staff_client, program_path):
    response = staff_client.post(f"{program_path}courses/no-key/enrollments/", b"{", content_type="application/json")

    assert response.status_code == 404


@pytest.mark.parametrize("spelling", ["course-v1:edX+ToyX+2026_T1", "course-v1:edX%2BToyX%2B2026_T1"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_plus_signs_may_be_quoted(staff_client, program_path, course_path, spelling, slash):
    assert staff_client.get(f"{program_path}courses/{spelling}/enrollments{slash}").status_code == 200


def test_old_course_keys_have_slashes(staff_client, program_path, course, curriculum):
    CourseRunFactory(course=course, key=CourseKey.from_string("edX/ToyX/2026"))

    assert staff_client.get(f"{program_path}courses/edX/ToyX/2026/enrollments").status_code == 200


def test_outcomes_are_told_learner_by_learner(staff_client, course_enrollments_path, enroll):
    enroll(external_user_key="a")
    enroll(external_user_key="b")

    response = staff_client.post(
        course_enrollments_path,
        [
            {"student_key": "a", "status": "active"},
            {"external_user_key": "b", "status": "enrolled"},
            {"student_key": "stranger", "status": "active"},
        ],
    )

    assert response.status_code == 207
    assert response.json() == {"a": "active", "b": "invalid-status", "stranger": "not-in-program"}


@pytest.mark.parametrize(
    ("method", "status", "outcome"), [("post", 200, "active"), ("put", 200, "active"), ("patch", 422, "not-found")]
)
def test_methods_create_or_update(staff_client, course_enrollments_path, enroll, method, status, outcome):
    enroll(external_user_key="a")

    response = getattr(staff_client, method)(course_enrollments_path, [{"student_key": "a", "status": "active"}])

    assert response.status_code == status
    assert response.json() == {"a": outcome}


@pytest.mark.parametrize("course_staff", ["true", 1, 0, "", [], {}])
def test_course_staff_is_a_boolean_or_null(staff_client, course_enrollments_path, enroll, course_staff):
    enroll(external_user_key="a")

    response = staff_client.post(
        course_enrollments_path, [{"student_key": "a", "status": "active", "course_staff": course_staff}]
    )

    assert response.status_code == 400
    assert list(response.json()["field_errors"][0]["fields"]) == ["course_staff"]
    assert not ProgramCourseEnrollment.objects.exists()


@pytest.mark.parametrize(("course_staff", "granted"), [(True, True), (False, False), (None, False)])
def test_course_staff_waits_for_an_account(staff_client, course_enrollments_path, enroll, course_staff, granted):
    enroll(external_user_key="a")

    staff_client.post(course_enrollments_path, [{"student_key": "a", "status": "active", "course_staff": course_staff}])

    assert CourseAccessRoleAssignment.objects.exists() is granted


def test_course_staff_of_a_linked_learner_is_granted(staff_client, course_enrollments_path, enroll):
    enroll(external_user_key="a", user=UserFactory())

    staff_client.post(course_enrollments_path, [{"student_key": "a", "status": "active", "course_staff": True}])

    assert CourseAccessRole.objects.exists()


@pytest.mark.parametrize("method", ["post", "put"])
def test_a_write_costs_the_same_for_any_number_of_records(staff_client, course_enrollments_path, enroll, method):
    counts = []
    for size in (1, 25):
        keys = [f"{size}-{n}" for n in range(size)]
        for key in keys:
            enroll(external_user_key=key, user=UserFactory())
        records = [{"student_key": key, "status": "active", "course_staff": True} for key in keys]
        with CaptureQueriesContext(connection) as queries:
            response = getattr(staff_client, method)(course_enrollments_path, records)
        assert response.status_code == 200
        counts.append(len(queries))

    assert counts == [17, 17]


def test_rows_tell_who_is_course_staff_now_or_once_linked(
    staff_client, course_enrollments_path, enroll, course_run, curriculum
):
    linked, plain = UserFactory(), UserFactory()
    CourseAccessRoleFactory(user=linked, course_key=course_run.key)
    CourseAccessRoleFactory(user=plain, course_key=course_run.key, role="instructor")
    CourseAccessRoleFactory(user=plain, course_key=CourseKey.from_string("edX/Other/2026"))
    for key, user in (("linked", linked), ("plain", plain)):
        ProgramCourseEnrollmentFactory(
            program_enrollment=enroll(external_user_key=key, user=user),
            course_enrollment=CourseEnrollmentFactory(user=user, course_key=course_run.key),
            course_key=course_run.key,
        )
    waiting = ProgramCourseEnrollmentFactory(program_enrollment=enroll(external_user_key="waiting"))
    CourseAccessRoleAssignmentFactory(enrollment=waiting)
    ProgramCourseEnrollmentFactory(program_enrollment=enroll(external_user_key="waiting too"), status="inactive")

    response = staff_client.get(course_enrollments_path)

    assert response.json()["results"] == [
        {
            "student_key": key,
            "status": status,
            "account_exists": account_exists,
            "curriculum_uuid": str(curriculum.uuid),
            "course_staff": course_staff,
        }
        for key, status, account_exists, course_staff in [
            ("linked", "active", True, True),
            ("plain", "active", True, False),
            ("waiting", "active", False, True),
            ("waiting too", "inactive", False, False),
        ]
    ]


@pytest.mark.parametrize(
    ("query", "keys"),
    [("status=inactive", ["b"]), ("student_key=a", ["a"]), ("modified_since=2999-01-01", []), ("", ["a", "b"])],
)
def test_filters_narrow_the_listing(staff_client, course_enrollments_path, enroll, query, keys):
    ProgramCourseEnrollmentFactory(program_enrollment=enroll(external_user_key="a"))
    ProgramCourseEnrollmentFactory(program_enrollment=enroll(external_user_key="b"), status="inactive")

    response = staff_client.get(f"{course_enrollments_path}?{query}")

    assert [row["student_key"] for row in response.json()["results"]] == keys


def test_statuses_of_program_enrollments_are_no_filter_here(staff_client, course_enrollments_path):
    assert staff_client.get(course_enrollments_path, {"status": "enrolled"}).status_code == 400


def test_a_page_costs_the_same_for_any_number_of_rows(staff_client, course_enrollments_path, enroll):
    counts = []
    for _ in range(2):
        for _ in range(3):
            ProgramCourseEnrollmentFactory(program_enrollment=enroll())
            ProgramCourseEnrollmentFactory(program_enrollment=enroll(user=UserFactory()))
        with CaptureQueriesContext(connection) as queries:
            staff_client.get(course_enrollments_path)
        counts.append(len(queries))

    assert counts == [3, 3]
