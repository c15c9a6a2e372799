"""The one shape of errors (contract section 3)."""

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from program_enrollments import exceptions
from program_enrollments.rest_api.errors import STATUS_BY_ERROR

BASE = "/api/program_enrollments/v1/"
UNKNOWN = "0e7bd7ff-3f8f-4d7e-8b1f-6a1c3d1e9f00"


def subclasses(error):
    return {error}.union(*(subclasses(child) for child in error.__subclasses__()))


def test_every_domain_error_has_a_status():
    errors = subclasses(exceptions.ProgramEnrollmentsError) - {exceptions.ProgramEnrollmentsError}

    assert set(STATUS_BY_ERROR) == errors


@pytest.mark.parametrize(
    ("method", "path", "headers", "answer"),
    [
        ("get", "nothing/here", {}, (404, "not_found")),
        ("post", "", {}, (404, "not_found")),
        ("get", "programs/\n/nothing", {}, (404, "not_found")),
        ("get", f"users/a\n/programs/{UNKNOWN}/courses/", {}, (404, "program_does_not_exist")),
        ("get", f"programs/{UNKNOWN}/enrollments/", {}, (404, "program_does_not_exist")),
        ("get", "programs/no-uuid/enrollments/", {}, (404, "program_does_not_exist")),
        ("delete", "programs/enrollments/", {}, (405, "method_not_allowed")),
        ("get", "programs/enrollments/", {"Accept": "text/html"}, (406, "not_acceptable")),
    ],
)
def test_refusals_have_the_one_shape(staff_client, method, path, headers, answer):
    response = staff_client.generic(method.upper(), BASE + path, headers=headers)

    assert set(response.json()) == {"developer_message", "error_code"}
    assert (response.status_code, response.json()["error_code"]) == answer


def test_whoever_writes_to_an_unknown_path_is_told_so_without_a_csrf_token():
    response = Client(enforce_csrf_checks=True).post(f"{BASE}nope")

    assert (response.status_code, response.json()["error_code"]) == (404, "not_found")
    assert "RateLimit" in response


def test_a_write_just_above_the_base_path_is_told_so_too(anonymous_client):
    response = anonymous_client.post("/api/program_enrollments")

    assert (response.status_code, response.json()["error_code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[1]", "record 0: Must be an object."),
        ("[null]", "record 0: This field may not be null."),
        ('[{"student_key": "a"}]', "record 0, status: This field is required."),
    ],
)
def test_what_is_wrong_with_a_record_is_told_by_its_place(staff_client, enrollments_path, body, message):
    response = staff_client.patch(enrollments_path, body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["developer_message"] == f"The request body is invalid: {message}"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Content-Encoding": "gzip"}, "Send the body as it is, without a Content-Encoding."),
        ({"Content-Type": ""}, "Send the body with the Content-Type application/json."),
    ],
)
def test_a_body_in_a_form_that_is_not_read_is_told_what_to_do(staff_client, enrollments_path, headers, message):
    response = staff_client.generic("PUT", enrollments_path, b"[{}]", content_type="", headers=headers)

    assert (response.status_code, response.json()["developer_message"]) == (415, message)


def test_options_tells_which_methods_a_path_has(staff_client):
    response = staff_client.options(f"{BASE}programs/enrollments/")
    assert (response.status_code, response["Allow"]) == (200, "GET, HEAD, OPTIONS")
    assert set(response.json()) == {"name", "description", "renders", "parses"}


def test_unknown_paths_need_no_login(anonymous_client):
    assert anonymous_client.get(f"{BASE}nothing").status_code == 404


@pytest.mark.parametrize("headers", [{}, {"Accept": "text/html"}])
def test_anonymous_callers_get_401_whatever_else_is_wrong(anonymous_client, headers):
    response = anonymous_client.delete(f"{BASE}programs/{UNKNOWN}/enrollments/", headers=headers)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'JWT realm="api"'
    assert response.json()["error_code"] == "not_authenticated"


@pytest.mark.parametrize("method", ["get", "post", "patch", "put", "delete"])
def test_plain_learners_do_not_learn_which_programs_exist(learner_client, enrollments_path, method):
    unknown = getattr(learner_client, method)(f"{BASE}programs/{UNKNOWN}/enrollments/")
    known = getattr(learner_client, method)(enrollments_path)

    assert unknown.status_code == known.status_code == 403
    assert unknown.json() == known.json()


def test_a_write_by_session_without_csrf_token_is_refused_in_the_one_shape(staff, enrollments_path, record):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(staff)

    response = client.put(enrollments_path, [record("a")])

    assert response.status_code == 403
    assert response.json()["error_code"] == "permission_denied"


def test_a_form_that_the_csrf_check_has_read_is_an_unsupported_media_type(staff, enrollments_path):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(staff)
    client.cookies["csrftoken"] = "x" * 32

    response = client.post(
        enrollments_path, f"csrfmiddlewaretoken={'x' * 32}", content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 415


def test_more_parameters_than_can_be_read_are_a_bad_request(staff_client, enrollments_path):
    response = staff_client.get(f"{enrollments_path}?{'a=b&' * 2000}")

    assert response.status_code == 400
    assert set(response.json()) == {"developer_message", "error_code"}


def test_a_foreign_host_name_is_refused_in_the_one_shape(staff_client, enrollments_path, settings):
    settings.DEBUG = False

    response = staff_client.get(enrollments_path, headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert set(response.json()) == {"developer_message", "error_code"}


def test_pages_outside_of_the_api_keep_their_own_errors(client):
    response = client.get("/nothing")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


NAMES = {
    "program_enrollments": {"program_uuid": "P"},
    "program_course_enrollments": {"program_uuid": "P", "course_id": "edX/ToyX/2026"},
    "program_course_grades": {"program_uuid": "P", "course_id": "course-v1:edX+ToyX+2026"},
    "learner_program_enrollments": {},
    "user_program_readonly_access": {},
    "program_course_enrollments_overview": {"program_uuid": "P"},
    "user_program_course_enrollments": {"program_uuid": "P", "username": "someone"},
    "reset_enrollment_data": {},
}
PATHS = {
    "program_enrollments": "programs/P/enrollments/",
    "program_course_enrollments": "programs/P/courses/edX/ToyX/2026/enrollments/",
    "program_course_grades": "programs/P/courses/course-v1:edX+ToyX+2026/grades/",
    "learner_program_enrollments": "programs/enrollments/",
    "user_program_readonly_access": "programs/readonly_access/",
    "program_course_enrollments_overview": "programs/P/overview/",
    "user_program_course_enrollments": "users/someone/programs/P/courses/",
    "reset_enrollment_data": "integration-reset/",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_path_has_its_name_and_works_without_its_slash(anonymous_client, name):
    path = reverse(f"programs_api:v1:{name}", kwargs=NAMES[name])

    assert path == BASE + PATHS[name]
    for spelling in (path, path.removesuffix("/")):
        assert anonymous_client.get(spelling).status_code == 401
        assert anonymous_client.post(spelling).status_code == 401
