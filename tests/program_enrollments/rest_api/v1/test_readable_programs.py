"""`programs/enrollments/` and `programs/readonly_access/` (contract section 5.2)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.catalog import ProgramFactory
from tests.factories.learners import CourseAccessRoleFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory

BASE = "/api/program_enrollments/v1/programs/"


@pytest.fixture(params=["enrollments", "enrollments/", "readonly_access", "readonly_access/"])
def path(request):
    return BASE + request.param


def slugs(response):
    assert response.status_code == 200
    return [program["slug"] for program in response.json()]


def test_staff_may_read_all_programs_of_the_type(staff_client, path):
    program = ProgramFactory(marketing_slug="one")
    ProgramFactory(type="MicroMasters")

    assert staff_client.get(path).json() == [{"uuid": str(program.uuid), "slug": "one"}]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["m"]),
        ("?type=", ["m"]),
        ("?type=MASTERS", ["m"]),
        ("?type=Professional%20Certificate", ["p"]),
        ("?type=professional-certificate", ["p"]),
        ("?type=unknown", []),
    ],
)
def test_the_type_is_compared_in_any_case_by_name_or_slug(staff_client, query, expected):
    ProgramFactory(marketing_slug="m", type="Masters")
    ProgramFactory(marketing_slug="p", type="Professional Certificate")

    assert slugs(staff_client.get(f"{BASE}enrollments/{query}")) == expected


def test_a_type_that_no_program_can_have_is_400(staff_client):
    assert staff_client.get(f"{BASE}enrollments/?type=%00").status_code == 400


@pytest.mark.parametrize("role", ["staff", "instructor"])
def test_course_teams_may_read_programs_of_the_type_with_their_runs(
    learner, learner_client, path, program, curriculum, course, role
):
    CourseAccessRoleFactory(user=learner, role=role)
    ProgramFactory(type="MicroMasters", courses=[course])
    ProgramFactory()

    assert slugs(learner_client.get(path)) == [program.marketing_slug]


@pytest.mark.parametrize(
    ("status", "is_listed"),
    [("enrolled", True), ("pending", True), ("suspended", False), ("canceled", False), ("ended", False)],
)
def test_learners_may_read_programs_of_any_type_in_which_they_are_active(learner, learner_client, status, is_listed):
    program = ProgramFactory(type="MicroMasters")
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid, status=status)

    assert slugs(learner_client.get(f"{BASE}enrollments/")) == [program.marketing_slug] * is_listed


def test_each_program_is_listed_once(learner, learner_client, program, curriculum):
    CourseAccessRoleFactory(user=learner, role="staff")
    CourseAccessRoleFactory(user=learner, role="instructor")
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid)
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid)

    assert slugs(learner_client.get(f"{BASE}enrollments/")) == [program.marketing_slug]


def test_a_listing_costs_the_same_for_any_number_of_programs(learner, learner_client):
    counts = []
    for size in (1, 10):
        for _ in range(size):
            ProgramEnrollmentFactory(user=learner, program_uuid=ProgramFactory().uuid)
        with CaptureQueriesContext(connection) as queries:
            learner_client.get(f"{BASE}enrollments/")
        counts.append(len(queries))

    assert counts == [7, 7]
