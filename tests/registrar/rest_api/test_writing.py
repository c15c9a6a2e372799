"""Writing a few records at once (registrar page, sections 6 and 7)."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient
from waffle.testutils import override_flag

from access.service import Credentials
from learners.models import CourseAccessRole
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.access import RoleAssignmentFactory, make_application
from tests.factories.learners import UserFactory
from tests.registrar.conftest import API


def record(student_key="abc", status="enrolled", **more):
    return {"student_key": student_key, "status": status, **more}


def standing():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


def standing_in_runs():
    return dict(ProgramCourseEnrollment.objects.values_list("program_enrollment__external_user_key", "status"))


@pytest.fixture
def path(program_path):
    return f"{program_path}/enrollments"


@pytest.fixture
def course_path(program_path):
    return f"{program_path}/courses/TOY-1/enrollments/"


def test_students_are_enrolled_in_the_active_curriculum(writer, path, curriculum):
    response = writer.post(path, [record("b", "pending"), record("a")])

    assert response.status_code == 200
    assert response.content == b'{"a":"enrolled","b":"pending"}'
    assert standing() == {"a": "enrolled", "b": "pending"}
    assert set(ProgramEnrollment.objects.values_list("curriculum_uuid", flat=True)) == {curriculum.uuid}


def test_enrollments_are_changed(writer, path, enroll):
    enroll("abc", "pending")

    response = writer.patch(path, [record("abc", "ended"), record("new")])

    assert (response.status_code, response.json()) == (207, {"abc": "ended", "new": "not-in-program"})
    assert standing() == {"abc": "ended"}


@pytest.mark.parametrize(
    ("body", "status", "outcomes"),
    [
        ([record("old")], 422, {"old": "conflict"}),
        ([record("x", "Enrolled"), record("y")], 207, {"x": "invalid-status", "y": "enrolled"}),
        ([record("x"), record("x"), record("y")], 207, {"x": "duplicated", "y": "enrolled"}),
        ([record("x"), record("x")], 422, {"x": "duplicated"}),
        ([], 422, {}),
        ([record("001")], 200, {"001": "enrolled"}),
        ([record(" x ")], 200, {" x ": "enrolled"}),
        (
            [record(""), record("x" * 256), record("a\0b")],
            422,
            dict.fromkeys(["", "a\0b", "x" * 256], "internal-error"),
        ),
        ([record("a\ud800"), record("x")], 207, {"a\ud800": "internal-error", "x": "enrolled"}),
        ([record("x", "\ud800"), record("y")], 207, {"x": "invalid-status", "y": "enrolled"}),
        ([record(""), record(""), record("x")], 207, {"": "duplicated", "x": "enrolled"}),
        ([record(course_staff="nonsense", curriculum_uuid="nonsense", more=1)], 200, {"abc": "enrolled"}),
    ],
)
def test_each_student_gets_an_answer(writer, path, enroll, body, status, outcomes):
    enroll("old")

    response = writer.generic("POST", path, json.dumps(body), content_type="application/json")

    assert (response.status_code, response.json()) == (status, outcomes)
    assert list(response.json()) == sorted(outcomes)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "expected request body type: List"),
        ("text", "expected request body type: List"),
        ([record(), "text"], "expected items in request to be of type Dict"),
        ([{"status": "enrolled"}], 'expected request dicts to have string value for "student_key"'),
        ([record(1)], 'expected request dicts to have string value for "student_key"'),
        ([record(), {"student_key": "x"}], 'expected request dicts to have string value for "status"'),
        ([record(status=None)], 'expected request dicts to have string value for "status"'),
    ],
)
@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_malformed_body_changes_nothing(writer, path, body, message, method):
    response = writer.generic(method.upper(), path, json.dumps(body), content_type="application/json")

    assert (response.status_code, response.json()) == (400, [message])
    assert standing() == {}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_an_empty_body_is_no_list(writer, path, content_type):
    if content_type == "multipart/form-data":
        response = writer.post(path, {"student_key": "x"}, format="multipart")
    else:
        response = writer.generic("POST", path, "", content_type=content_type)

    assert (response.status_code, response.json()) == (400, ["expected request body type: List"])


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (" " * 1_000_001, 413, "The request body has more than 1000000 bytes."),
        ("[" * 33 + "]" * 33, 400, "JSON parse error - The request body is nested more than 32 levels deep."),
        ("[" + "9" * 5000 + "]", 400, "JSON parse error - The request body holds a number that cannot be read."),
    ],
)
def test_bodies_have_bounds(writer, path, body, status, detail):
    response = writer.generic("POST", path, body, content_type="application/json")

    assert (response.status_code, response.json()) == (status, {"detail": detail})


def test_a_body_in_chunks_asks_for_a_length(writer, path):
    response = writer.generic(
        "POST", path, content_type="application/json", headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH=""
    )

    assert response.status_code == 411


def test_what_is_no_json_is_told(writer, path):
    response = writer.generic("POST", path, "[{", content_type="application/json")

    assert response.status_code == 400
    assert response.json()["detail"].startswith("JSON parse error - ")


def test_other_media_types_are_refused(writer, path):
    response = writer.generic("POST", path, "a,b", content_type="text/csv")

    assert response.status_code == 415
    assert response.json()["detail"].startswith("Unsupported media type ")


def test_twenty_five_records_are_taken_and_no_more(writer, path):
    records = [record(f"s{number:02}") for number in range(26)]

    too_many = writer.post(path, records)

    assert (too_many.status_code, too_many.json()) == (413, {"detail": "Enrollment limit 25"})
    assert standing() == {}
    assert writer.post(path, records[:25]).status_code == 200


def test_a_program_without_active_curriculum_takes_no_students(writer, path, curriculum):
    curriculum.is_active = False
    curriculum.save()

    response = writer.post(path, [record()])

    assert response.status_code == 400
    assert response.json() == ["The program has no active curriculum to enroll students in."]
    assert writer.patch(path, [record()]).json() == {"abc": "not-in-program"}


def test_readers_do_not_write(reader, path, course_path):
    for each in (path, course_path):
        for method in (reader.post, reader.patch):
            assert method(each, [record()]).status_code == 403


def test_a_token_must_be_good_for_writing(program, path):
    application = make_application("enrollments:read")
    RoleAssignmentFactory(user=application.user, role="writer", program_uuid=program.uuid)
    client = APIClient()
    client.force_authenticate(application.user, token=Credentials(frozenset({"enrollments:read"}), application))  # type: ignore[arg-type]  # the stubs know other tokens

    response = client.post(path, [record()])

    assert response.status_code == 403
    assert response.json() == {"detail": "The token lacks the scope enrollments:write."}
    assert client.get(f"{API}programs").json()[0]["permissions"] == [
        "read_enrollments",
        "read_metadata",
        "read_reports",
    ]


def test_students_are_enrolled_in_a_course_run(writer, course_path, enroll):
    enroll("abc")

    response = writer.post(course_path, [record("abc", "active"), record("new", "active")])

    assert (response.status_code, response.json()) == (207, {"abc": "active", "new": "not-in-program"})
    changed = writer.patch(course_path, [record("abc", "inactive")])
    assert (changed.status_code, changed.json()) == (200, {"abc": "inactive"})
    assert standing_in_runs() == {"abc": "inactive"}


def test_words_of_course_writes(writer, course_path, enroll_in_run, enroll):
    enroll_in_run("abc")
    enroll("def")

    assert writer.post(course_path, [record("abc", "active")]).json() == {"abc": "conflict"}
    assert writer.patch(course_path, [record("def", "active")]).json() == {"def": "not-found"}
    assert writer.patch(course_path, [record("abc", "enrolled")]).json() == {"abc": "invalid-status"}


def test_an_unknown_course_is_404_whatever_the_body(writer, program_path):
    response = writer.generic("POST", f"{program_path}/courses/none/enrollments", "[{", content_type="application/json")

    assert response.status_code == 404


class TestCourseStaff:
    @pytest.fixture(autouse=True)
    def _students(self, enroll):
        self.account = UserFactory()
        enroll("linked", user=self.account)
        enroll("waiting")

    @pytest.fixture
    def flag(self):
        with override_flag("enable_course_role_management", active=True):
            yield

    def test_without_the_flag_it_is_refused_and_nothing_is_written(self, writer, course_path):
        body = [record("linked", "active"), record("waiting", "active", course_staff=False)]
        response = writer.post(course_path, body)

        assert response.status_code == 403
        assert response.json() == {"detail": '"course_staff" not accepted since role assignment is not enabled'}
        assert standing_in_runs() == {}

    def test_null_is_as_good_as_absent(self, writer, course_path):
        assert writer.post(course_path, [record("linked", "active", course_staff=None)]).status_code == 200

    @pytest.mark.parametrize("value", ["True", 1, [], {}])
    def test_only_booleans_will_do(self, writer, course_path, value, flag):
        response = writer.post(course_path, [record("linked", "active", course_staff=value)])

        assert response.status_code == 400
        assert response.json() == ['expected request dicts to have boolean value for "course_staff"']

    def test_with_the_flag_it_grants_and_withdraws_the_role(self, writer, course_path, flag):
        body = [record(key, "active", course_staff=True) for key in ("linked", "waiting")]
        assert writer.post(course_path, body).status_code == 200
        assert CourseAccessRole.objects.get().user == self.account
        assert CourseAccessRoleAssignment.objects.count() == 1

        withdrawn = [each | {"course_staff": False} for each in body]
        assert writer.patch(course_path, withdrawn).status_code == 200
        assert not CourseAccessRole.objects.exists()
        assert not CourseAccessRoleAssignment.objects.exists()


def test_a_write_may_be_sent_again_under_a_key(writer, path):
    headers = {"Idempotency-Key": "key-1"}
    first = writer.post(path, [record()], headers=headers)
    second = writer.post(path, [record()], headers=headers)

    assert (first.status_code, second.status_code, second.json()) == (200, 200, {"abc": "enrolled"})
    assert second["Idempotency-Replayed"] == "true"


def test_half_a_character_is_repeated_in_the_answer_that_is_kept_too(writer, path):
    body = json.dumps([record("a\ud800")])
    answers = [
        writer.generic("POST", path, body, content_type="application/json", headers={"Idempotency-Key": "key-1"})
        for _ in range(2)
    ]

    assert [answer.content for answer in answers] == [b'{"a\\ud800":"internal-error"}'] * 2


def test_a_write_costs_the_same_whatever_the_number_of_records(writer, path):
    assert writer.post(path, [record("before")]).status_code == 200  # what the process remembers is known from here on
    counts = []
    for keys in (["alone"], [f"s{number}" for number in range(25)]):
        with CaptureQueriesContext(connection) as queries:
            assert writer.post(path, [record(key) for key in keys]).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


def test_history_names_the_writer(writer, path):
    writer.post(path, [record()])

    assert ProgramEnrollment.history.get().history_user == writer.user
