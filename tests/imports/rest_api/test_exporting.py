"""`…/enrollments/export/` of programs and course runs (imports page)."""

import pytest

from learners.models import CourseAccessRole
from tests.factories.catalog import CourseRunFactory
from tests.factories.learners import UserFactory
from tests.factories.program_enrollments import CourseAccessRoleAssignmentFactory, ProgramEnrollmentFactory

AWKWARD_KEYS = [
    "a1",
    "=1+1",
    "-5",
    "+5",
    "@x",
    "'=x",
    "''-y",
    "'",
    "O'Hara",
    'say "hi"',
    "x,y;z",
    "Grün",
    "日本",
    "\\N",
]


@pytest.fixture
def export(reader_client, program_path):
    def export(query="", course_run=None):
        place = f"courses/{course_run.key}/" if course_run else ""
        response = reader_client.get(f"{program_path}{place}enrollments/export/?{query}")
        assert response.status_code == 200, response.json()
        return response

    return export


@pytest.fixture
def import_back(writer_client, imports_path, run):
    def import_back(response, **options):
        query = "&".join(f"{name}={value}" for name, value in options.items())
        sent = writer_client.post(
            f"{imports_path}?{query}", response.getvalue(), content_type=response["Content-Type"].split(";")[0]
        )
        run()
        item = writer_client.get(sent["Location"]).json()
        assert item["error"] is None
        return {outcome: count for outcome, count in item["counts"].items() if count}

    return import_back


def test_a_program_is_exported_as_csv(export, enroll, curriculum, program):
    enroll("a1")
    enroll("=2", "ended")
    ProgramEnrollmentFactory(external_user_key="elsewhere")

    response = export()

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="enrollments-{program.uuid}.csv"'
    assert response.getvalue().decode() == (
        f"student_key,status,curriculum_uuid\na1,enrolled,{curriculum.uuid}\n'=2,ended,{curriculum.uuid}\n"
    )


def test_a_program_is_exported_as_ndjson(export, enroll, curriculum):
    enroll('=say "hi"\\')

    response = export("fmt=ndjson")

    assert response["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert response.getvalue().decode() == (
        r'{"student_key": "=say \"hi\"\\", "status": "enrolled", "curriculum_uuid": ' + f'"{curriculum.uuid}"}}\n'
    )


def test_a_course_run_is_exported(export, enroll_in_run, course_run):
    enroll_in_run("a1")
    linked = enroll_in_run("a2", "inactive", user=UserFactory())
    CourseAccessRole.objects.create(user=linked.program_enrollment.user, course_key=course_run.key, role="staff")
    waiting = enroll_in_run("a3")
    CourseAccessRoleAssignmentFactory(enrollment=waiting)

    assert export(course_run=course_run).getvalue().decode().splitlines() == [
        "course_id,student_key,status,course_staff",
        f"{course_run.key},a1,active,false",
        f"{course_run.key},a2,inactive,true",
        f"{course_run.key},a3,active,true",
    ]
    assert export("fmt=ndjson", course_run).getvalue().decode().splitlines()[1] == (
        f'{{"course_id": "{course_run.key}", "student_key": "a2", "status": "inactive", "course_staff": true}}'
    )


@pytest.mark.parametrize("fmt", ["csv", "ndjson"])
def test_an_exported_program_imports_unchanged(export, enroll, import_back, fmt):
    for number, key in enumerate(AWKWARD_KEYS):
        enroll(key, ["enrolled", "pending", "suspended", "canceled", "ended"][number % 5])

    assert import_back(export(f"fmt={fmt}"), snapshot="true") == {"unchanged": len(AWKWARD_KEYS)}


@pytest.mark.parametrize("fmt", ["csv", "ndjson"])
def test_an_exported_course_run_imports_unchanged(export, enroll_in_run, import_back, course_run, fmt):
    for number, key in enumerate(AWKWARD_KEYS):
        enrollment = enroll_in_run(key, "active" if number % 2 else "inactive")
        if number % 3 == 0:
            CourseAccessRoleAssignmentFactory(enrollment=enrollment)

    counts = import_back(export(f"fmt={fmt}", course_run), kind="course_enrollments", snapshot="true")

    assert counts == {"unchanged": len(AWKWARD_KEYS)}


def test_learners_without_a_student_key_are_left_out(export, enroll, enroll_in_run, course_run):
    enroll(None, user=UserFactory())
    enroll_in_run(None, user=UserFactory())

    assert len(export().getvalue().splitlines()) == 1
    assert len(export(course_run=course_run).getvalue().splitlines()) == 1


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("status=ended&status=pending", ["a2", "a3"]),
        ("student_key=a1", ["a1"]),
        ("account_exists=true", ["a3"]),
        ("modified_since=2100-01-01T00:00:00Z", []),
        ("curriculum_uuid=11111111-1111-1111-1111-111111111111", []),
    ],
)
def test_an_export_is_filtered_as_the_listing(export, enroll, query, keys):
    enroll("a1")
    enroll("a2", "ended")
    enroll("a3", "pending", user=UserFactory())

    lines = export(query).getvalue().decode().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == keys


@pytest.mark.parametrize("query", ["fmt=xlsx", "status=lost", "modified_since=yesterday"])
def test_an_impossible_parameter_is_refused(reader_client, program_path, query):
    response = reader_client.get(f"{program_path}enrollments/export/?{query}")

    assert (response.status_code, response.json()["error_code"]) == (400, "invalid_parameter")


def test_a_run_outside_of_the_program_is_404(reader_client, program_path):
    run = CourseRunFactory()

    response = reader_client.get(f"{program_path}courses/{run.key}/enrollments/export/")

    assert (response.status_code, response.json()["error_code"]) == (404, "course_not_in_program")


def test_exports_are_for_those_who_may_read_the_program(learner_client, anonymous_client, program_path):
    assert learner_client.get(f"{program_path}enrollments/export/").status_code == 403
    assert anonymous_client.get(f"{program_path}enrollments/export/").status_code == 401


@pytest.mark.parametrize("count", [1, 30])
def test_an_export_costs_the_same_however_long_it_is(
    export, enroll_in_run, course_run, django_assert_num_queries, count
):
    for number in range(count):
        enroll_in_run(f"a{number}")

    with django_assert_num_queries(3):  # the program with its organizations, the run, its place; the roles are known
        response = export(course_run=course_run)
    with django_assert_num_queries(1):  # COPY
        assert len(response.getvalue().splitlines()) == count + 1
