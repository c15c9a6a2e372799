import json
from uuid import UUID, uuid4

import pytest
from django.test import Client, RequestFactory

from config.wsgi import application
from tests.log_guard import guarded_log_lines


@pytest.mark.parametrize("request_id", ["a", "partner-2026.11_23", "x" * 128, "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_the_callers_request_id_comes_back_when_it_is_well_formed(client, request_id):
    assert client.get("/health/live", headers={"x-request-id": request_id})["X-Request-ID"] == request_id


@pytest.mark.parametrize("request_id", ["", " ", "x" * 129, "two words", "line\tbreak", "é", "a,b", '"quoted"', "a/b"])
def test_another_request_id_is_made_when_the_callers_is_not_well_formed(client, request_id):
    made = client.get("/health/live", headers={"x-request-id": request_id})["X-Request-ID"]

    assert str(UUID(made)) == made


def test_each_request_gets_an_id_of_its_own(client):
    assert client.get("/health/live")["X-Request-ID"] != client.get("/health/live")["X-Request-ID"]


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/admin/login/",
        "/admin/",
        "/health/ready",
        "/api/program_enrollments/v1/nowhere/",
        "/api/program_enrollments/v1/programs/enrollments/",
        "/api/program_enrollments/v1/programs/not-a-uuid/enrollments/",
    ],
)
def test_every_answer_has_a_request_id(client, path):
    assert client.get(path, headers={"x-request-id": "mine"})["X-Request-ID"] == "mine"


def test_the_answer_to_a_fault_of_ours_has_a_request_id(client, settings):
    client.raise_request_exception = False
    settings.REQUEST_COUNTER = "there.is.no.such.Counter"
    path = "/api/program_enrollments/v1/programs/enrollments/"

    response = client.get(path, headers={"x-request-id": "mine"})

    assert (response.status_code, response["X-Request-ID"]) == (500, "mine")


def test_each_answer_has_one_log_line_without_its_path_and_query(staff_client, staff, learner):
    path = f"/api/program_enrollments/v1/users/{learner.username}/programs/{uuid4()}/courses/"
    with guarded_log_lines() as guard:
        staff_client.get(path, {"student_key": "some-student"}, headers={"x-request-id": "mine"})

    (line,) = [json.loads(line) for line in guard.lines]
    assert line.pop("timestamp")
    assert isinstance(line.pop("duration_ms"), int)
    assert line.pop("message").startswith("GET programs_api:v1:user_program_course_enrollments: 404 in ")
    assert line == {
        "level": "INFO",
        "logger": "config.middleware",
        "request_id": "mine",
        "user_id": staff.pk,
        "method": "GET",
        "route": "programs_api:v1:user_program_course_enrollments",
        "status": 404,
    }


def test_the_log_line_of_an_admin_page_has_the_user(client, staff):
    client.force_login(staff)
    with guarded_log_lines() as guard:
        client.get("/admin/")

    (line,) = [json.loads(line) for line in guard.lines]
    assert (line["user_id"], line["route"], line["status"]) == (staff.pk, "admin:index", 200)


def test_nobody_waits_for_the_log_line_of_an_answer():
    environ = RequestFactory().get("/nowhere", headers={"host": "127.0.0.1"}).environ
    with guarded_log_lines() as guard:
        response = application(environ, lambda status, headers: None)
        b"".join(response)
        lines_before_the_end = list(guard.lines)
        response.close()
        response.close()

    assert (lines_before_the_end, len(guard.lines)) == ([], 1)


def test_a_form_with_too_many_fields_is_refused_with_one_log_line(client):
    with guarded_log_lines() as guard:
        response = client.post("/oauth2/access_token", {f"field-{n}": "" for n in range(1001)})

    assert response.status_code == 400
    assert [json.loads(line)["level"] for line in guard.lines] == ["INFO"]


def test_a_foreign_host_is_refused_with_one_log_line_that_does_not_quote_it(client, settings):
    settings.ALLOWED_HOSTS = ["enrollments.example.edu"]
    with guarded_log_lines() as guard:
        response = client.get("/admin/login/", headers={"host": "written-by-the-caller.example"})

    assert response.status_code == 400
    assert [json.loads(line)["level"] for line in guard.lines] == ["INFO"]
    assert "written-by-the-caller" not in guard.lines[0]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"origin": "https://written-by-the-caller.example"}, "Origin checking failed"),
        ({"referer": "https://written-by-the-caller.example/"}, "Referer checking failed"),
        ({"origin": "a - written-by-the-caller"}, "Origin checking failed"),
        ({"referer": "https://testserver/"}, "CSRF cookie not set."),
    ],
)
def test_a_forged_request_leaves_a_line_that_says_why_and_does_not_quote_it(headers, reason):
    route = "admin:django.contrib.admin.sites.catch_all_view"
    with guarded_log_lines() as guard:
        Client(enforce_csrf_checks=True).post("/admin/written-by-the-caller-é", headers=headers, secure=True)

    lines = [json.loads(line) for line in guard.lines]
    assert [line["message"] for line in lines if line["level"] == "WARNING"] == [f"Forbidden ({reason}): {route}"]
    assert "written-by-the-caller" not in "".join(guard.lines)


def test_health_probes_leave_no_log_line(client):
    with guarded_log_lines() as guard:
        client.get("/health/live")

    assert guard.lines == []
