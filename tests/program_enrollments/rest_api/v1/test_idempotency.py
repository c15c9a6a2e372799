"""Writes that are sent again under an Idempotency-Key."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from rest_framework.test import APIClient

from program_enrollments.models import IdempotencyKey, ProgramEnrollment
from tests.factories.learners import StaffFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory

BASE = "/api/program_enrollments/v1/"
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def path(program):
    return f"{BASE}programs/{program.uuid}/enrollments/"


@pytest.fixture
def record(curriculum):
    return {"student_key": "student-1", "status": "enrolled", "curriculum_uuid": str(curriculum.uuid)}


def send(client, path, body, key="key-1", method="post"):
    return getattr(client, method)(path, body, headers={"idempotency-key": key})


def describe(response):
    return response.status_code, response.content, response.headers.get("Idempotency-Replayed")


def test_the_same_request_gets_the_same_answer_and_writes_nothing(staff_client, path, record):
    first = send(staff_client, path, [record])
    second = send(staff_client, path, [record])

    assert describe(first) == (200, b'{"student-1":"enrolled"}', None)
    assert describe(second) == (200, b'{"student-1":"enrolled"}', "true")
    assert second["Content-Type"] == "application/json"
    assert (ProgramEnrollment.objects.count(), ProgramEnrollment.history.count()) == (1, 1)


def test_a_replayed_answer_is_the_one_of_then_whatever_happened_since(staff_client, path, record):
    send(staff_client, path, [record | {"status": "pending"}], method="put")
    staff_client.put(path, [record | {"status": "ended"}])

    replayed = send(staff_client, path, [record | {"status": "pending"}], method="put")

    assert replayed.json() == {"student-1": "pending"}
    assert ProgramEnrollment.objects.get().status == "ended"


def test_maps_of_failures_are_final(staff_client, path, record):
    bad = record | {"student_key": "student-2", "status": "nonsense"}
    for body, status in [([record, bad], 207), ([bad], 422)]:
        key = f"key-{status}"
        first, second = send(staff_client, path, body, key), send(staff_client, path, body, key)

        assert describe(first) == (status, first.content, None)
        assert describe(second) == (status, first.content, "true")


def test_an_answer_without_a_body_is_replayed_without_one(staff_client, path):
    send(staff_client, path, [])

    assert describe(send(staff_client, path, [])) == (204, b"", "true")


def test_the_trailing_slash_makes_no_other_request(staff_client, path, record):
    send(staff_client, path, [record])
    assert describe(send(staff_client, path.removesuffix("/"), [record])) == (200, b'{"student-1":"enrolled"}', "true")


def test_the_order_of_a_records_fields_makes_no_other_request(staff_client, path, record):
    send(staff_client, path, [record])

    assert describe(send(staff_client, path, [dict(reversed(record.items()))]))[2] == "true"


@pytest.mark.parametrize("change", ["body", "method", "path", "query"])
def test_another_request_with_the_key_is_refused_and_writes_nothing(staff_client, path, record, course_run, change):
    send(staff_client, path, [record])
    body = [record | {"student_key": "student-2"}] if change == "body" else [record]
    other_path = {
        "path": f"{path.removesuffix('enrollments/')}courses/{course_run.key}/enrollments/",
        "query": f"{path}?x=1",
    }.get(change, path)

    response = send(staff_client, other_path, body, method="put" if change == "method" else "post")

    assert response.status_code == 422
    assert response.json() == {
        "developer_message": "This Idempotency-Key was used for another request.",
        "error_code": "idempotency_key_reused",
    }
    assert ProgramEnrollment.objects.count() == 1


def test_requesters_may_use_the_same_key(staff_client, path, record):
    other_client = APIClient()
    other_client.force_authenticate(StaffFactory())
    send(staff_client, path, [record])

    response = send(other_client, path, [record])

    assert describe(response) == (422, b'{"student-1":"conflict"}', None)


@pytest.mark.parametrize("body", [{}, [{}], [{"student_key": "student-1"}], [{}] * 26, "nonsense"])
def test_a_refused_request_leaves_its_key_free(staff_client, path, record, body):
    assert send(staff_client, path, body).status_code in {400, 413}

    assert describe(send(staff_client, path, [record])) == (200, b'{"student-1":"enrolled"}', None)


@pytest.mark.parametrize("key", ["", " ", "two words", "é", "tab\there", "k" * 256])
def test_a_malformed_key_is_refused_and_nothing_is_written(staff_client, path, record, key):
    response = send(staff_client, path, [record], key)

    assert response.status_code == 400
    assert response.json() == {
        "developer_message": "The Idempotency-Key must have 1 to 255 visible ASCII characters.",
        "error_code": "invalid_idempotency_key",
    }
    assert not ProgramEnrollment.objects.exists()


def test_who_may_not_write_gets_no_replay(staff_client, staff, path, record):
    send(staff_client, path, [record])
    staff.is_staff = False
    staff.save()

    assert send(staff_client, path, [record]).status_code == 403


def test_a_key_is_forgotten_after_24_hours(staff_client, path, record):
    with time_machine.travel(NOON, tick=False):
        send(staff_client, path, [record])
    with time_machine.travel(NOON + timedelta(hours=24, seconds=-1), tick=False):
        assert describe(send(staff_client, path, [record]))[2] == "true"
    with time_machine.travel(NOON + timedelta(hours=24), tick=False):
        again = send(staff_client, path, [record])
        replayed = send(staff_client, path, [record])

    assert describe(again) == (422, b'{"student-1":"conflict"}', None)
    assert describe(replayed) == (422, b'{"student-1":"conflict"}', "true")


def test_pruning_deletes_forgotten_keys_only(staff_client, path, capsys):
    with time_machine.travel(NOON - timedelta(hours=24), tick=False):
        send(staff_client, path, [], "old")
    with time_machine.travel(NOON, tick=False):
        send(staff_client, path, [], "new")
        call_command("prune_idempotency_keys")

    assert capsys.readouterr().out == "Deleted 1 idempotency keys.\n"
    assert [row.key for row in IdempotencyKey.objects.all()] == ["new"]


def test_retiring_a_learner_deletes_the_answers_that_name_the_learner(staff_client, learner, path, record):
    send(staff_client, path, [record], "about-the-learner")
    send(staff_client, path, [record | {"student_key": "student-11"}], "about-another")
    ProgramEnrollment.objects.filter(external_user_key="student-1").update(user=learner)

    call_command("retire_user", learner.username)

    assert [row.key for row in IdempotencyKey.objects.all()] == ["about-another"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029"])
def test_answers_that_name_a_learner_by_line_separators_are_found(staff_client, learner, path, record, separator):
    student_key = f"student{separator}1"
    send(staff_client, path, [record | {"student_key": student_key}])
    ProgramEnrollment.objects.filter(external_user_key=student_key).update(user=learner)

    call_command("retire_user", learner.username)

    assert not IdempotencyKey.objects.exists()


def test_the_reset_is_replayed_and_deletes_nothing_more(staff_client, program, school, settings):
    settings.ENABLE_ENROLLMENT_RESET = True
    path, body = f"{BASE}integration-reset/", {"organization": school.key}
    send(staff_client, path, body)
    ProgramEnrollmentFactory(program_uuid=program.uuid)

    assert describe(send(staff_client, path, body)) == (200, b'"success"', "true")
    assert ProgramEnrollment.objects.count() == 1


@pytest.mark.parametrize("students", [1, 25])
def test_a_key_costs_three_statements_whatever_the_write(staff_client, path, record, students):
    def count_statements(first, **options):
        body = [record | {"student_key": f"student-{n}"} for n in range(first, first + students)]
        with CaptureQueriesContext(connection) as queries:
            assert staff_client.post(path, body, **options).status_code == 200
        return sum("SAVEPOINT" not in query["sql"] for query in queries)

    without = count_statements(0)

    assert count_statements(100, headers={"idempotency-key": "key-1"}) == without + 3


def test_every_write_of_the_api_takes_keys(staff_client, program, course_run, curriculum, settings):
    settings.ENABLE_ENROLLMENT_RESET = True
    values = {"program_uuid": program.uuid, "course_id": course_run.key}
    writes = [
        (method, re.sub(r"<\w+:(\w+)>", lambda part: str(values[part[1]]), route.pattern._route))
        for route in get_resolver("program_enrollments.rest_api.v1.urls").url_patterns
        for method in {"post", "put", "patch", "delete"} & set(route.callback.actions)
    ]

    answers = [send(staff_client, BASE + path, [], key="not a key", method=method) for method, path in writes]

    assert len(answers) >= 14
    assert {answer.json()["error_code"] for answer in answers} == {"invalid_idempotency_key"}
