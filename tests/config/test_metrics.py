"""What Prometheus may read, and what it reads; docs/alerts.yml, which asks for it, has tests of its own."""

import logging
import re
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from imports.models import Import
from imports.tasks import run_imports
from tests.factories.catalog import CourseFactory, CourseRunFactory, CurriculumFactory
from tests.live_service import live_service, wait_until
from tests.live_worker import worker_nursery

PROGRAM_UUID = "0e7bd7ff-3f8f-4d7e-8b1f-6a1c3d1e9f00"
BASE = "/api/program_enrollments/v1"


def grown(before, after, name):
    """Return {series of the name: by how much it has grown}, of those that have."""
    growth = {key: after[key] - before.get(key, 0) for key in after if key[0] == name}
    return {key: value for key, value in growth.items() if value}


def test_there_are_no_metrics_unless_the_setting_opens_them(client):
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("credentials", ["", "Bearer ", "Bearer wrong", "Basic a-token", "a-token", "Bearer é"])
def test_metrics_are_for_those_who_have_the_token(client, settings, credentials):
    settings.METRICS_TOKEN = "a-token"

    response = client.get("/metrics", headers={"authorization": credentials})

    assert (response.status_code, response.content) == (401, b"")


def test_enrollments_are_counted_by_their_outcome(scrape, staff_client):
    curriculum = CurriculumFactory()
    records = [
        {"student_key": str(n), "status": status, "curriculum_uuid": str(curriculum.uuid)}
        for n, status in enumerate(["enrolled", "enrolled", "nonsense"])
    ]
    before = scrape()
    staff_client.put(f"{BASE}/programs/{curriculum.program.uuid}/enrollments/", records)

    name = "enrollments_written_total"
    assert grown(before, scrape(), name) == {(name, "program", "enrolled"): 2, (name, "program", "invalid-status"): 1}


def test_every_outcome_begins_at_zero_so_that_growth_to_the_first_one_is_seen(scrape, staff_client):
    course = CourseFactory()
    run = CourseRunFactory(course=course)
    curriculum = CurriculumFactory(courses=[course])
    before = scrape()
    program = f"{BASE}/programs/{curriculum.program.uuid}"
    staff_client.put(
        f"{program}/enrollments/", [{"student_key": "1", "status": "ended", "curriculum_uuid": str(curriculum.uuid)}]
    )
    staff_client.put(
        f"{program}/courses/{run.key}/enrollments/",
        [{"student_key": "1", "status": "inactive"}, {"student_key": "2", "status": "active"}],
    )
    after = scrape()

    name = "enrollments_written_total"
    assert grown(before, after, name) == {
        (name, "program", "ended"): 1,
        (name, "course_run", "inactive"): 1,
        (name, "course_run", "not-in-program"): 1,
    }
    assert before.keys() == after.keys()
    assert (name, "program", "internal-error") in before
    assert (name, "course_run", "internal-error") in before
    assert (name, "course_run", "enrolled") not in before


def test_lines_of_errors_are_counted_by_logger(scrape):
    before = scrape()
    logging.getLogger("limits.counting").error("Something went wrong.")
    logging.getLogger("limits.counting").warning("Something may go wrong.")

    name = "enrollments_error_lines_total"
    assert grown(before, scrape(), name) == {(name, "limits.counting"): 1}


def test_imports_and_the_queue_are_told(scrape):
    Import.objects.create(program_uuid=PROGRAM_UUID, kind="program_enrollments", state="held")
    run_imports.enqueue(PROGRAM_UUID)

    metrics = scrape()

    assert metrics["enrollments_database_up",] == 1
    assert metrics["enrollments_imports", "held"] == 1
    assert metrics["enrollments_imports", "queued"] == 0
    assert metrics["enrollments_queue_ready",] == 1
    assert 0 <= metrics["enrollments_queue_oldest_seconds",] < 60
    assert metrics["enrollments_workers",] == 0


def make_ended_import(state="applied", kind="program_enrollments", *, hours_ago=1, rows_done=None, **counts):
    total = sum(counts.values())
    return Import.objects.create(
        program_uuid=PROGRAM_UUID,
        kind=kind,
        state=state,
        counts=counts,
        rows_total=total,
        rows_done=total if rows_done is None else rows_done,
        finished_at=timezone.now() - timedelta(hours=hours_ago),
    )


def get_imported_rows(metrics):
    """Return {(kind, outcome): rows}, without zeros."""
    return {key[1:]: value for key, value in metrics.items() if key[0] == "enrollments_imported_rows" and value}


def test_rows_of_imports_are_told_by_what_became_of_them(scrape):
    make_ended_import(create=5, unchanged=2)
    make_ended_import("applied_with_errors", create=1, reject=3)
    make_ended_import("undone", "course_enrollments", update=4, drop=1)

    metrics = scrape()

    assert get_imported_rows(metrics) == {
        ("program_enrollments", "create"): 6,
        ("program_enrollments", "unchanged"): 2,
        ("program_enrollments", "reject"): 3,
        ("course_enrollments", "update"): 4,
        ("course_enrollments", "drop"): 1,
    }
    assert metrics["enrollments_imported_rows", "course_enrollments", "reject"] == 0


@pytest.mark.parametrize("state", ["failed", "canceled", "discarded", "undone"])
def test_rows_that_an_import_did_not_carry_out_are_not_told(scrape, state):
    make_ended_import(state, rows_done=2, create=5, reject=1)

    assert get_imported_rows(scrape()) == {}


def test_of_an_import_that_was_rejected_only_the_rejected_rows_are_told(scrape):
    make_ended_import("rejected", rows_done=0, create=5, reject=1)
    make_ended_import("rejected")  # its file could not be read

    assert get_imported_rows(scrape()) == {("program_enrollments", "reject"): 1}


def test_rows_of_imports_that_ended_more_than_a_day_ago_are_not_told(scrape):
    make_ended_import(hours_ago=25, create=5)

    assert get_imported_rows(scrape()) == {}


@pytest.mark.parametrize("imports", [1, 3])
def test_what_a_scrape_costs_does_not_grow_with_imports(scrape, imports, django_assert_num_queries):
    for _ in range(imports):
        make_ended_import(create=5)

    with django_assert_num_queries(4):  # tasks, workers, imports by state, their rows
        scrape()


def test_metrics_are_told_without_the_database_too(scrape, monkeypatch):
    def fail():
        raise OperationalError

    monkeypatch.setattr("config.metrics.look_at_queue", fail)

    metrics = scrape()

    assert metrics["enrollments_database_up",] == 0
    assert ("enrollments_workers",) not in metrics
    assert any(name == "enrollments_written_created" or name.startswith("python_") for name, *_ in metrics)


@pytest.mark.django_db(transaction=True)
def test_requests_of_all_processes_are_counted_by_view_and_status_and_name_nobody(tmp_path):
    environment = {"METRICS_TOKEN": "a-token", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "WEB_CONCURRENCY": "2"}
    with live_service(**environment) as service:
        for _ in range(10):
            service.request("GET", f"{BASE}/users/somebody/programs/1/courses/?student_key=a-student")
        connection = service.open_request("GET", "/metrics", headers={"Authorization": "Bearer a-token"})
        text = connection.getresponse().read().decode()
        connection.close()

    view = "programs_api:v1:user_program_course_enrollments"
    counts = re.findall(r"^django_http_responses_total_by_status_view_method_total\{(.*)\} (.*)$", text, re.MULTILINE)
    assert [(set(labels.split(",")), float(value)) for labels, value in counts if view in labels] == [
        ({'status="401"', f'view="{view}"', 'method="GET"'}, 10.0)
    ]
    assert 'enrollments_written_total{kind="program",result="internal-error"} 0.0' in text
    assert "somebody" not in text
    assert "a-student" not in text


def test_the_worker_probe_says_that_no_worker_is_there(client):
    response = client.get("/health/worker")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "problems": {"worker": "No worker is connected to the database."},
    }
    assert client.get("/health/ready").status_code == 200


def test_the_worker_probe_says_that_work_waits(client, settings):
    run_imports.enqueue(PROGRAM_UUID)
    settings.WORKER_LATE_SECONDS = -1

    problems = client.get("/health/worker/").json()["problems"]

    assert problems["queue"].startswith("A task has waited for ")


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lives_is_seen(client, tmp_path):
    with worker_nursery(FILES_FOLDER=str(tmp_path)) as start_worker:
        start_worker()
        wait_until(lambda: client.get("/health/worker").status_code == 200, "the worker has signed in")
