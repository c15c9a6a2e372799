"""Registrar's routes in the OpenAPI description."""

import pytest


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
