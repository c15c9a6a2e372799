"""Idempotency keys when requests race, and when the service dies in the middle of a write."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from django.db import connection
from rest_framework.test import APIClient

from program_enrollments.models import IdempotencyKey, ProgramEnrollment
from tests.live_service import hash_password, live_service, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"
GATE = 4242  # the advisory lock at which writes wait


@pytest.fixture
def path(program):
    return f"/api/program_enrollments/v1/programs/{program.uuid}/enrollments/"


@pytest.fixture
def body(curriculum):
    return [
        {"student_key": f"student-{n}", "status": "enrolled", "curriculum_uuid": str(curriculum.uuid)}
        for n in range(25)
    ]


@pytest.fixture
def gate():
    """Makes each write wait at its very end, with all its rows in place, while the gate is shut."""
    run(
        f"""
        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END $$;
        CREATE TRIGGER wait_at_gate AFTER INSERT ON program_enrollments_idempotencykey
        FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
        """
    )
    yield shut_gate
    run("DROP TRIGGER wait_at_gate ON program_enrollments_idempotencykey; DROP FUNCTION wait_at_gate();")


@contextmanager
def shut_gate():
    run(f"SELECT pg_advisory_lock({GATE})")
    try:
        yield
    finally:
        run(f"SELECT pg_advisory_unlock({GATE})")


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def look_up(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def is_somebody_at_the_gate():
    return look_up(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )


def is_alone_in_the_database():
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return look_up(sql) == 0


def send(staff, path, body):
    client = APIClient()
    client.force_authenticate(staff)
    return client.post(path, body, headers={"idempotency-key": "key-1"})


def send_in_thread(*args):
    try:
        return send(*args)
    finally:
        connection.close()


def test_a_request_whose_first_is_still_running_is_refused(staff, path, body, gate):
    with ThreadPoolExecutor(1) as threads:
        with gate():
            first = threads.submit(send_in_thread, staff, path, body)
            wait_until(is_somebody_at_the_gate, "the first request has written")
            second = send(staff, path, body)
        first = first.result()

    assert second.status_code == 409
    assert second.json() == {
        "developer_message": "A request with this Idempotency-Key is still running.",
        "error_code": "idempotency_key_in_use",
    }
    assert first.status_code == 200
    assert send(staff, path, body)["Idempotency-Replayed"] == "true"


def test_of_racing_requests_one_writes_and_the_others_wait_or_repeat_its_answer(staff, path, body):
    start = Barrier(6)

    def contestant(_):
        start.wait(timeout=10)
        return send_in_thread(staff, path, body)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(contestant, range(6)))

    kinds = Counter((answer.status_code, answer.headers.get("Idempotency-Replayed")) for answer in answers)
    assert kinds[200, None] == 1
    assert set(kinds) <= {(200, None), (200, "true"), (409, None)}
    assert (ProgramEnrollment.objects.count(), ProgramEnrollment.history.count()) == (25, 25)


@pytest.fixture
def service(staff):
    staff.password = hash_password(PASSWORD)
    staff.save()
    with live_service() as service:
        yield service


def start_writing(service, path, body):
    token = service.request("POST", "/api/token/", {"username": "staff", "password": PASSWORD})["access"]
    headers = {"Authorization": f"JWT {token}", "Idempotency-Key": "key-1"}
    return service.open_request("POST", path, body, headers)


def test_a_process_killed_before_its_write_is_committed_leaves_nothing_behind(service, staff, path, body, gate):
    with gate():
        unread = start_writing(service, path, body)
        wait_until(is_somebody_at_the_gate, "the request has written")
        service.kill()
        unread.close()
    wait_until(is_alone_in_the_database, "the database has noticed")

    assert (ProgramEnrollment.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    again = send(staff, path, body)
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (200, None)
    assert (ProgramEnrollment.objects.count(), ProgramEnrollment.history.count()) == (25, 25)


def test_a_process_killed_between_the_write_and_the_answer_leaves_both(service, staff, path, body):
    unread = start_writing(service, path, body)
    wait_until(IdempotencyKey.objects.exists, "the write is committed")
    service.kill()
    unread.close()

    again = send(staff, path, body)

    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
    assert again.json() == {record["student_key"]: "enrolled" for record in body}
    assert (ProgramEnrollment.objects.count(), ProgramEnrollment.history.count()) == (25, 25)
