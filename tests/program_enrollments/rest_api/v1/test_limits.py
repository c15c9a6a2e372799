"""The numbers told are the numbers enforced."""

import pytest

from tests.factories.program_enrollments import ProgramEnrollmentFactory

BASE = "/api/program_enrollments/v1/"
LIMITS = f"{BASE}limits/"


@pytest.fixture
def limits(staff_client):
    return staff_client.get(LIMITS).json()


@pytest.fixture
def enrollments_path(program):
    return f"{BASE}programs/{program.uuid}/enrollments/"


def records(curriculum, count):
    return [
        {"student_key": f"student-{n}", "status": "enrolled", "curriculum_uuid": str(curriculum.uuid)}
        for n in range(count)
    ]


def test_a_client_is_told_all_its_limits(staff_client):
    response = staff_client.get(LIMITS)

    assert response.status_code == 200
    assert response.json() == {
        "records_per_write": 25,
        "request_bytes": 1000000,
        "page_sizes": {
            "program_enrollments": {"default": 100, "maximum": 1000},
            "program_course_enrollments": {"default": 100, "maximum": 1000},
            "program_course_grades": {"default": 100, "maximum": 1000},
            "user_program_course_enrollments": {"default": 10, "maximum": 25},
        },
        "rates": {
            "read": {"requests": 6000, "seconds": 60},
            "write": {"requests": 3000, "seconds": 60},
            "token": {"requests": 300, "seconds": 60},
        },
        "idempotency_key": {"characters": 255, "hours": 24},
        "scopes": None,
        "programs": {"all": True, "readable": [], "writable": []},
    }


def test_limits_are_for_those_who_signed_in(anonymous_client):
    assert anonymous_client.get(LIMITS).status_code == 401


def test_as_many_records_are_taken_as_are_told_and_no_more(staff_client, limits, enrollments_path, curriculum):
    most = limits["records_per_write"]

    assert staff_client.post(enrollments_path, records(curriculum, most)).status_code == 200
    assert staff_client.post(enrollments_path, records(curriculum, most + 1)).status_code == 413


def test_a_body_may_be_as_long_as_is_told_and_no_longer(staff_client, limits, enrollments_path):
    def send(length):
        return staff_client.post(enrollments_path, b"[]".ljust(length), content_type="application/json").status_code

    assert send(limits["request_bytes"]) == 204
    assert send(limits["request_bytes"] + 1) == 413


def test_pages_are_as_long_as_is_told(staff_client, limits, enrollments_path, program):
    sizes = limits["page_sizes"]["program_enrollments"]
    ProgramEnrollmentFactory.create_batch(sizes["maximum"] + 1, program_uuid=program.uuid)

    assert len(staff_client.get(enrollments_path).json()["results"]) == sizes["default"]
    longest = staff_client.get(enrollments_path, {"page_size": 10**6}).json()
    assert len(longest["results"]) == sizes["maximum"]


def test_rates_are_those_that_answers_tell(staff_client, limits, enrollments_path):
    def write_policy(scope):
        return f'"{scope}";q={limits["rates"][scope]["requests"]};w={limits["rates"][scope]["seconds"]}'

    assert staff_client.get(enrollments_path)["RateLimit-Policy"] == write_policy("read")
    assert staff_client.post(enrollments_path, [])["RateLimit-Policy"] == write_policy("write")
    assert staff_client.post("/api/token/", {})["RateLimit-Policy"] == write_policy("token")


def test_an_idempotency_key_may_be_as_long_as_is_told_and_no_longer(staff_client, limits, enrollments_path):
    longest = "k" * limits["idempotency_key"]["characters"]

    assert staff_client.post(enrollments_path, [], headers={"idempotency-key": longest}).status_code == 204
    assert staff_client.post(enrollments_path, [], headers={"idempotency-key": f"{longest}k"}).status_code == 400
