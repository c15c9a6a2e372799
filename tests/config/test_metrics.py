"""What Prometheus may read, and what it reads."""

import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from prometheus_client.parser import text_string_to_metric_families

from imports.models import Import
from imports.tasks import run_imports
from tests.factories.catalog import CurriculumFactory
from tests.live_service import live_service, wait_until
from tests.live_worker import worker_nursery

PROGRAM_UUID = "0e7bd7ff-3f8f-4d7e-8b1f-6a1c3d1e9f00"
BASE = "/api/program_enrollments/v1"


@pytest.fixture
def scrape(client, settings):
    """Read the metrics as {(name, its labels): value}."""
    settings.METRICS_TOKEN = "a-token"

    def scrape():
        response = client.get("/metrics", headers={"authorization": "Bearer a-token", "host": "10.1.2.3"})
        assert response.status_code == 200
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(response.content.decode())
            for sample in family.samples
        }

    return scrape


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
    after = scrape()

    name = "enrollments_written_total"
    grown = {key: after[key] - before.get(key, 0) for key in after if key[0] == name}
    assert {key: value for key, value in grown.items() if value} == {
        (name, "program", "enrolled"): 2,
        (name, "program", "invalid-status"): 1,
    }


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
    assert "somebody" not in text
    assert "a-student" not in text


def test_every_metric_that_alerts_ask_for_is_there(scrape, staff_client):
    staff_client.get(f"{BASE}/programs/enrollments/")
    page = (Path(django_settings.BASE_DIR) / "docs/alerts.yml").read_text(encoding="utf-8")

    asked = set(re.findall(r"\benrollments_\w+", page))
    assert asked
    assert asked - {name for name, *_ in scrape()} == set()


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
