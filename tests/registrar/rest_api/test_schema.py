"""Registrar's routes in the OpenAPI description."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.registrar.conftest import API, send_file


@pytest.fixture
def operations(schema):
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"].startswith("registrar_")
    }


def test_every_route_is_described_in_each_version(operations):
    program = "programs/{program_key}/"
    course = f"{program}courses/{{course_id}}/"
    routes = {
        "list_programs": "get programs/",
        "get_program": f"get {program}",
        "list_courses": f"get {program}courses/",
        "read_program_enrollments": f"get {program}enrollments/",
        "create_program_enrollments": f"post {program}enrollments/",
        "update_program_enrollments": f"patch {program}enrollments/",
        "upload_program_enrollments": f"post {program}enrollments/upload/",
        "read_all_course_run_enrollments": f"get {program}course_enrollments/",
        "upload_course_enrollments": f"post {program}course_enrollments/upload/",
        "read_course_run_enrollments": f"get {course}enrollments/",
        "create_course_run_enrollments": f"post {course}enrollments/",
        "update_course_run_enrollments": f"patch {course}enrollments/",
        "read_grades": f"get {course}grades/",
        "list_reports": f"get {program}reports/",
        "list_jobs": "get jobs/",
        "get_job": "get jobs/{job_id}/",
    }
    expected = {
        f"registrar_{version}_{name}": route.replace(" ", f" /api/{version}/")
        for version in ("v1", "v2")
        for name, route in routes.items()
    }

    assert {name: f"{method} {path}" for name, (method, path, _) in operations.items()} == expected | {
        "registrar_v3_list_programs": "get /api/v3/programs/"
    }


def test_the_scope_of_each_operation_is_told(operations):
    def scope(name):
        return operations[f"registrar_v1_{name}"][2]["security"][0]["oauth2"]

    assert scope("list_programs") == []
    assert scope("read_program_enrollments") == ["enrollments:read"]
    assert scope("create_program_enrollments") == ["enrollments:write"]
    assert scope("upload_program_enrollments") == ["imports:write"]
    assert scope("read_grades") == ["grades:read"]


def test_each_answer_is_described_with_an_example(operations, schema):
    shared = schema["components"]["responses"]
    for _, _, operation in operations.values():
        for status, described in operation["responses"].items():
            answer = shared[described["$ref"].rpartition("/")[2]] if "$ref" in described else described
            assert answer["description"], (operation["operationId"], status)
            assert all(content["examples"] for content in answer["content"].values())


@pytest.fixture
def find_shown(operations):
    """Finds what the description shows of an operation's answer: a list of bodies."""

    def find(name, status):
        content = operations[f"registrar_v1_{name}"][2]["responses"][str(status)]["content"]["application/json"]
        return [example["value"] for example in content["examples"].values()]

    return find


@pytest.mark.parametrize("action", ["create", "update"])
@pytest.mark.parametrize(
    ("kind", "statuses"),
    [("program", ["enrolled", "pending", "suspended", "canceled", "ended"]), ("course_run", ["active", "inactive"])],
)
def test_writes_tell_the_statuses_of_what_is_written(operations, find_shown, kind, statuses, action):
    name = f"{action}_{kind}_enrollments"
    operation = operations[f"registrar_v1_{name}"][2]
    body = operation["requestBody"]["content"]["application/json"]

    told = body["schema"]["items"]["properties"]["status"]["description"]
    assert all(f"`{status}`" in told for status in statuses)
    outcomes = operation["responses"]["207"]["content"]["application/json"]["schema"]["additionalProperties"]["enum"]
    assert outcomes[: len(statuses)] == statuses
    assert {"duplicated", "invalid-status", "internal-error"} <= set(outcomes)
    assert body["examples"]["Example"]["value"] == [{"student_key": "abc", "status": statuses[0]}]
    assert find_shown(name, 200) == [{"abc": statuses[0]}]


def test_records_are_written_as_they_are_shown(operations, find_shown, writer, program_path, enroll):
    enroll("abc")
    body = operations["registrar_v1_create_course_run_enrollments"][2]["requestBody"]["content"]["application/json"]
    records = body["examples"]["Example"]["value"]
    path = f"{program_path}/courses/TOY-1/enrollments"

    shown = [find_shown("create_course_run_enrollments", status)[0] for status in (200, 422)]
    assert [
        writer.post(path, records).json(),
        writer.post(path, [*records, {"student_key": "def", "status": "x"}]).json(),
    ] == shown


def test_refusals_of_records_are_shown_as_they_are(find_shown, writer, program_path):
    key = {"Idempotency-Key": "key-1"}
    paths = {
        "create_program_enrollments": f"{program_path}/enrollments",
        "create_course_run_enrollments": f"{program_path}/courses/TOY-1/enrollments",
    }
    for name, path in paths.items():
        assert writer.post(path, [], headers=key).json() == {}
        answers = [
            writer.post(path, {}),
            writer.post(path, [{"student_key": "abc"}]),
            writer.post(path, [], headers={"Idempotency-Key": "no key"}),
            writer.post(path, [{}] * 26),
            writer.generic("POST", path, " " * 1_000_001, content_type="application/json"),
            writer.post(path, [{"student_key": "abc", "status": "x"}], headers=key),
            writer.generic("POST", path, "a,b", content_type="text/csv"),
        ]
        assert [answer.status_code for answer in answers] == [400, 400, 400, 413, 413, 422, 415]
        for answer in answers:
            assert answer.json() in find_shown(name, answer.status_code)
        key = {"Idempotency-Key": "key-2"}


def test_the_refusal_of_course_staff_is_shown_as_it_is(find_shown, writer, program_path):
    record = {"student_key": "abc", "status": "active", "course_staff": True}

    response = writer.post(f"{program_path}/courses/TOY-1/enrollments", [record])

    assert response.json() in find_shown("create_course_run_enrollments", 403)
    assert response.json() not in find_shown("create_program_enrollments", 403)


def test_refusals_of_files_are_shown_as_they_are(find_shown, writer, program_path):
    path, content = f"{program_path}/enrollments/upload", b"student_key,status\nabc,enrolled\n"

    def send(content, key):
        body = {"file": SimpleUploadedFile("roster.csv", content)}
        return writer.post(path, body, format="multipart", headers={"Idempotency-Key": key})

    answers = [
        send_file(writer, path, b"student_key\n"),
        send_file(writer, path, b"student_key,status\nabc,enrolled\ndef,\n"),
        writer.post(path, {}, format="multipart"),
        send_file(writer, path, b"x" * 5_242_881),
        send(content, "no key"),
        send(content, "key-1"),
        send(content + b"\n", "key-1"),
        send_file(writer, path, content),
    ]

    accepted = answers.pop(5)
    assert accepted.json().keys() == find_shown("upload_program_enrollments", 202)[0].keys()
    assert [answer.status_code for answer in answers] == [400, 400, 400, 413, 400, 422, 409]
    for answer in answers:
        assert answer.json() in find_shown("upload_program_enrollments", answer.status_code)


def test_no_answer_is_shown_that_belongs_to_another_kind_of_write(find_shown):
    for name in ("create_program_enrollments", "update_course_run_enrollments"):
        assert "CSV" not in str([find_shown(name, status) for status in (400, 413)])
    assert "Enrollment limit" not in str(find_shown("upload_course_enrollments", 413))
    assert "expected" not in str(find_shown("upload_course_enrollments", 400))


def test_a_file_is_taken_as_it_is_shown(operations, writer, program_path, upload, enroll, course_run):
    paths = {"program": "enrollments/upload", "course": "course_enrollments/upload"}
    for kind, path in paths.items():
        body = operations[f"registrar_v1_upload_{kind}_enrollments"][2]["requestBody"]["content"]["multipart/form-data"]
        content = body["examples"]["Example"]["value"]["file"].replace("course-v1:STEMx+CS111+F19", str(course_run.key))
        job, lines = upload(writer, f"{program_path}/{path}", *content.splitlines())
        assert (job["text"], lines) == ("200", content.splitlines())


def test_the_refusal_of_a_date_is_shown_as_it_is(find_shown, writer, program_path):
    response = writer.get(f"{program_path}/reports?min_created_date=nonsense")

    assert response.json() in find_shown("list_reports", 400)


def test_only_writes_take_an_idempotency_key_and_tell_what_becomes_of_it(operations):
    for name, (method, _, operation) in operations.items():
        names = [parameter.get("$ref", "").rpartition("/")[2] for parameter in operation.get("parameters", [])]
        assert ("IdempotencyKey" in names) is (method != "get"), name
        if method != "get":
            assert {"400", "409", "422"} <= operation["responses"].keys()
            good = operation["responses"]["202" if "upload" in name else "200"]
            assert "Idempotency-Replayed" in good["headers"]


def test_the_address_of_a_job_in_the_way_is_told(operations, writer, program_path):
    assert "Link" in operations["registrar_v1_upload_course_enrollments"][2]["responses"]["409"]["headers"]
    path = f"{program_path}/course_enrollments/upload"
    send_file(writer, path, b"course_id,student_key,status\n")

    assert f"{API}jobs/" in send_file(writer, path, b"course_id,student_key,status\n")["Link"]
