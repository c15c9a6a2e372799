"""Programs and their course runs, as Registrar's clients list them (registrar page, sections 3, 4 and 12)."""

import pytest
from rest_framework.test import APIClient

from tests.factories.access import RoleAssignmentFactory
from tests.factories.catalog import CourseRunFactory, CurriculumFactory, OrganizationFactory, ProgramFactory
from tests.factories.learners import UserFactory
from tests.registrar.conftest import API

NOT_FOUND = {"detail": "Not found."}
FORBIDDEN = {"detail": "You do not have permission to perform this action."}


def keys(response):
    assert response.status_code == 200, response.content
    return [program["program_key"] for program in response.json()]


def test_a_writer_sees_the_program_with_all_permissions(writer, program):
    response = writer.get(f"{API}programs")

    assert response.status_code == 200
    assert response.json() == [
        {
            "program_key": "masters-in-cs",
            "program_title": "MS in CS",
            "program_url": "https://www.example.edu/cs",
            "program_type": "Masters",
            "permissions": ["read_enrollments", "read_metadata", "read_reports", "write_enrollments"],
        }
    ]


def test_a_reader_may_do_all_but_write(reader, program_path):
    assert reader.get(program_path).json()["permissions"] == ["read_enrollments", "read_metadata", "read_reports"]


@pytest.mark.parametrize("kind", ["masters", "MASTERS", "MicroMasters", ""])
def test_enrollments_are_managed_in_masters_programs_only_by_staff_too(
    staff_client, reader, program, program_path, kind
):
    program.type = kind
    program.save()

    for client in (staff_client, reader):
        response = client.get(program_path).json()
        assert response["permissions"] == ["read_metadata", "read_reports"]
        assert response["program_type"] == (kind or None)
        assert client.get(f"{program_path}/enrollments").status_code == 403


def test_the_site_says_which_types_of_programs_have_enrollments(reader, program, program_path, settings):
    settings.REGISTRAR_ENROLLMENT_PROGRAM_TYPES = ["Masters", "MicroMasters"]
    program.type = "MicroMasters"
    program.save()

    assert "read_enrollments" in reader.get(program_path).json()["permissions"]


def test_what_the_catalog_lacks_is_null_and_the_title_is_the_key(reader, program, program_path):
    program.title = program.type = program.marketing_url = ""
    program.save()

    assert reader.get(program_path).json() == {
        "program_key": "masters-in-cs",
        "program_title": "masters-in-cs",
        "program_url": None,
        "program_type": None,
        "permissions": ["read_metadata", "read_reports"],
    }


def test_programs_are_those_of_the_callers_roles(reader, program):
    ProgramFactory()
    other = ProgramFactory(title="A program", organizations=[OrganizationFactory(key="Other")])
    RoleAssignmentFactory(user=reader.user, role="reader", organization_key="Other")

    assert keys(reader.get(f"{API}programs/")) == [other.key, "masters-in-cs"]


def test_staff_sees_every_program_and_a_stranger_none(staff_client, learner_client, program):
    other = ProgramFactory(title="Zoology", status="retired")

    assert keys(staff_client.get(f"{API}programs")) == ["masters-in-cs", other.key]
    assert keys(learner_client.get(f"{API}programs")) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("org=STEMx", ["masters-in-cs"]),
        ("org=", ["masters-in-cs"]),
        ("org=Other", []),
        ("org_key=Other", ["masters-in-cs"]),
        ("user_has_perm=", ["masters-in-cs"]),
        ("user_has_perm=read_enrollments", ["masters-in-cs"]),
        ("user_has_perm=write_enrollments", []),
        ("program_title=", ["masters-in-cs"]),
        ("program_title=s%20IN%20c", ["masters-in-cs"]),
        ("program_title=biology", []),
        ("org=STEMx&program_title=biology", []),
        ("format=json", ["masters-in-cs"]),
    ],
)
def test_filters_narrow_the_list(reader, program, query, expected):
    ProgramFactory(organizations=[OrganizationFactory(key="Other")])

    assert keys(reader.get(f"{API}programs/?{query}")) == expected


@pytest.mark.parametrize("query", ["org=stemx", "org=%00", "user_has_perm=READ_METADATA", "format=api", "format=xml"])
def test_unknown_values_of_filters_are_404(reader, program, query):
    response = reader.get(f"{API}programs?{query}")

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(("organization_key", "status"), [("STEMx", 200), ("none", 404)])
def test_who_holds_no_role_can_tell_organizations_that_exist(learner_client, program, organization_key, status):
    assert learner_client.get(f"{API}programs?org={organization_key}").status_code == status


def test_the_title_filter_survives_a_program_without_title(reader, program):
    untitled = ProgramFactory(title="", key="untitled")
    RoleAssignmentFactory(user=reader.user, role="reader", program_uuid=untitled.uuid)

    assert keys(reader.get(f"{API}programs?program_title=MS")) == ["masters-in-cs"]


@pytest.mark.parametrize("programs", [1, 8])
def test_the_list_costs_the_same_whatever_the_number_of_programs(reader, program, programs, django_assert_num_queries):
    for _ in range(programs):
        RoleAssignmentFactory(user=reader.user, role="reader", program_uuid=ProgramFactory().uuid)

    with django_assert_num_queries(2):  # roles, programs
        assert len(keys(reader.get(f"{API}programs"))) == programs + 1


def test_an_unknown_program_is_404_for_whoever_holds_a_role(reader, program):
    for key in ("no-such-program", "Masters-in-CS", str(program.uuid), program.uuid.hex):
        response = reader.get(f"{API}programs/{key}")
        assert (response.status_code, response.json()) == (404, NOT_FOUND)


def test_another_program_is_403(reader):
    other = ProgramFactory()
    response = reader.get(f"{API}programs/{other.key}/")

    assert (response.status_code, response.json()) == (403, FORBIDDEN)


def test_who_holds_no_role_cannot_tell_programs_that_exist(learner_client, program_path):
    assert {learner_client.get(path).status_code for path in (program_path, f"{API}programs/none")} == {403}


def test_courses_are_the_runs_of_the_first_active_curriculum(reader, program, program_path, curriculum, course):
    later = CourseRunFactory(course=course, key="course-v1:edX+ToyX+2027", title="", marketing_url="https://a.example/")
    inactive = CurriculumFactory(program=program, is_active=False, position=0, courses=[CourseRunFactory().course])
    second = CurriculumFactory(program=program, position=9, courses=[CourseRunFactory().course])

    response = reader.get(f"{program_path}/courses/")

    assert inactive.position < second.position
    assert response.status_code == 200
    assert response.json() == [
        {
            "course_id": "course-v1:edX+ToyX+2026_T1",
            "external_course_key": "TOY-1",
            "course_title": "Toys, first run",
            "course_url": None,
        },
        {
            "course_id": str(later.key),
            "external_course_key": None,
            "course_title": "Toys",
            "course_url": "https://a.example/",
        },
    ]


def test_a_program_without_active_curriculum_has_no_courses(reader, program_path, curriculum):
    curriculum.is_active = False
    curriculum.save()

    assert reader.get(f"{program_path}/courses").json() == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        "programs//",
        "programs/masters-in-cs//",
        "programs/masters in cs",
        "programs/masters-in-cs/courses/TOY-1",
        "jobs/ABC",
        "jobs/xyz/",
    ],
)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_paths_that_do_not_match_are_a_page_for_people(anonymous_client, program, path, version):
    for method in (anonymous_client.get, anonymous_client.post):
        response = method(f"/api/{version}/{path}")
        assert response.status_code == 404
        assert response["Content-Type"].startswith("text/html")


def test_anonymous_callers_are_told_how_to_sign_in(anonymous_client, program_path):
    for path in (f"{API}programs", program_path, f"{program_path}/enrollments", f"{API}jobs", f"{API}programs/none"):
        response = anonymous_client.get(path)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == 'JWT realm="api"'
        assert list(response.json()) == ["detail"]


def test_an_account_that_is_disabled_is_not_let_in(program):
    user = UserFactory(is_active=False)
    RoleAssignmentFactory(user=user, program_uuid=program.uuid)
    client = APIClient()
    client.force_login(user)

    assert client.get(f"{API}programs").status_code == 401


def test_json_is_the_only_form_and_is_asked_for_before_who_asks(anonymous_client, program_path):
    assert anonymous_client.get(program_path, headers={"accept": "text/csv"}).status_code == 406
    assert anonymous_client.get(f"{program_path}?format=csv").status_code == 404


def test_a_method_is_refused_after_the_program_and_the_permission(reader, program_path, run_path):
    refused = reader.delete(program_path)

    assert (refused.status_code, refused.json()) == (405, {"detail": 'Method "DELETE" not allowed.'})
    assert "GET" in refused["Allow"]
    assert reader.delete(f"{API}programs/none").status_code == 404
    assert reader.put(f"{program_path}/courses/none/enrollments").status_code == 405
    assert reader.put(f"{API}programs/{ProgramFactory().key}").status_code == 403


class TestV3:
    @pytest.fixture(autouse=True)
    def _programs(self, reader, program):
        for number in range(3):
            other = ProgramFactory(title=f"Other {number}", key=f"other-{number}")
            RoleAssignmentFactory(user=reader.user, role="reader", program_uuid=other.uuid)

    def test_programs_come_in_pages(self, reader):
        first = reader.get("/api/v3/programs/?page_size=3").json()
        second = reader.get(first["next"]).json()

        assert (first["count"], first["previous"]) == (4, None)
        assert [each["program_key"] for each in first["results"]] == ["masters-in-cs", "other-0", "other-1"]
        assert [each["program_key"] for each in second["results"]] == ["other-2"]
        assert second["next"] is None
        assert reader.get("/api/v3/programs?page=last&page_size=3").json()["results"] == second["results"]

    @pytest.mark.parametrize("size", ["0", "-1", "many", ""])
    def test_an_impossible_page_size_is_the_usual_one(self, reader, size):
        assert len(reader.get(f"/api/v3/programs?page_size={size}").json()["results"]) == 4

    @pytest.mark.parametrize("page", ["0", "2", "-1", "x"])
    def test_an_impossible_page_is_404(self, reader, page):
        response = reader.get(f"/api/v3/programs?page={page}")

        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})

    def test_filters_are_those_of_v1(self, reader):
        assert reader.get("/api/v3/programs?program_title=other%201").json()["count"] == 1
        assert reader.get("/api/v3/programs?org=none").status_code == 404

    def test_there_is_nothing_else(self, reader, program):
        response = reader.get(f"/api/v3/programs/{program.key}")

        assert response.status_code == 404
        assert response["Content-Type"].startswith("text/html")
