from datetime import UTC, datetime

import pytest
import time_machine
from rest_framework.test import APIClient

BASE = "/api/program_enrollments/v1/"
READABLE = f"{BASE}programs/enrollments/"
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _low_rates(settings):
    settings.REQUEST_RATES = {"read": "2/minute", "write": "1/minute", "token": "2/minute"}


@time_machine.travel(NOON, tick=False)
def test_every_answer_tells_the_policy_and_what_is_left(staff_client):
    response = staff_client.get(READABLE)

    assert response["RateLimit-Policy"] == '"read";q=2;w=60'
    assert response["RateLimit"] == '"read";r=1;t=60'


@time_machine.travel(NOON, tick=False)
def test_a_request_beyond_the_rate_is_refused_until_the_window_ends(staff_client):
    staff_client.get(READABLE)
    staff_client.get(READABLE)

    response = staff_client.get(READABLE)

    assert response.status_code == 429
    assert response.json() == {
        "developer_message": "Request was throttled. Expected available in 60 seconds.",
        "error_code": "throttled",
    }
    assert (response["Retry-After"], response["RateLimit"]) == ("60", '"read";r=0;t=60')


@time_machine.travel(NOON, tick=False)
def test_a_refused_write_has_written_nothing_and_reads_go_on(staff_client, program, curriculum):
    path = f"{BASE}programs/{program.uuid}/enrollments/"
    record = {"status": "enrolled", "curriculum_uuid": str(curriculum.uuid)}
    staff_client.post(path, [record | {"student_key": "student-1"}])

    response = staff_client.post(path, [record | {"student_key": "student-2"}])

    assert (response.status_code, response["RateLimit-Policy"]) == (429, '"write";q=1;w=60')
    listed = staff_client.get(path)
    assert [row["student_key"] for row in listed.json()["results"]] == ["student-1"]


@time_machine.travel(NOON, tick=False)
def test_users_do_not_use_up_each_others_rates(staff_client, learner_client):
    for _ in range(3):
        staff_client.get(READABLE)

    assert learner_client.get(READABLE).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (READABLE, {}, 401),
        (READABLE, {"Authorization": "JWT nonsense"}, 401),
        (READABLE, {"Authorization": "Bearer nonsense"}, 401),
        (f"{BASE}nowhere/", {}, 404),
    ],
)
@time_machine.travel(NOON, tick=False)
def test_requests_of_nobody_known_are_counted_by_address(anonymous_client, path, headers, status):
    answers = [anonymous_client.get(path, headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [status, status, 429]
    assert [answer["RateLimit"] for answer in answers] == ['"read";r=1;t=60', '"read";r=0;t=60', '"read";r=0;t=60']
    assert answers[-1].json()["error_code"] == "throttled"
    assert answers[-1]["Retry-After"] == "60"


@time_machine.travel(NOON, tick=False)
def test_refused_requests_count(learner_client, program):
    path = f"{BASE}programs/{program.uuid}/enrollments/"

    assert [learner_client.get(path).status_code for _ in range(3)] == [403, 403, 429]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", READABLE, 200),
        ("head", READABLE, 200),
        ("get", f"{READABLE}?type=\0", 400),
        ("delete", READABLE, 405),
        ("get", f"{BASE}programs/not-a-uuid/enrollments/", 404),
        ("post", f"{BASE}integration-reset/", 501),
    ],
)
def test_each_request_counts_once_whatever_it_is_answered(staff_client, settings, method, path, status):
    settings.REQUEST_RATES = {"read": "9/minute", "write": "9/minute"}

    response = getattr(staff_client, method)(path)

    assert (response.status_code, response["RateLimit"].split(";")[1]) == (status, "r=8")


def test_a_request_for_an_unknown_media_type_counts_once(staff_client):
    response = staff_client.get(READABLE, headers={"accept": "text/csv"})

    assert (response.status_code, response["RateLimit"].split(";")[1]) == (406, "r=1")


def test_a_write_refused_for_its_missing_csrf_token_counts(staff, program):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(staff)

    answers = [client.post(f"{BASE}programs/{program.uuid}/enrollments/", []) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [403, 429]
    assert answers[0]["RateLimit-Policy"] == '"write";q=1;w=60'
