import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@pytest.mark.parametrize("path", ["/health/live", "/health/live/", "/health/ready", "/health/ready/"])
def test_probes_answer_ok_when_all_is_well(client, path):
    response = client.get(path)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_live_asks_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/health/live")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_probes_answer_over_plain_http_and_for_any_host(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["enrollments.example.edu"]

    assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200


def test_probes_answer_reading_methods_only(client):
    assert client.head("/health/live").status_code == 200
    assert client.post("/health/live").status_code == 405


def test_probes_are_never_cached(client):
    assert "no-store" in client.get("/health/ready")["Cache-Control"]


def test_ready_names_the_migrations_that_are_not_applied(client):
    (latest,) = MigrationLoader(connection).graph.leaf_nodes("program_enrollments")
    MigrationRecorder(connection).record_unapplied(*latest)

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "problems": {"migrations": [".".join(latest)]},
    }


def test_ready_says_so_and_live_does_not_mind_when_the_database_is_down():
    # In a process of its own, since the tests' connection stands already. Nothing listens on port 1.
    program = """
import django, json
django.setup()
from django.test import Client
answers = [Client().get(path) for path in ("/health/live", "/health/ready")]
print(json.dumps([[answer.status_code, answer.json()] for answer in answers]))
"""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "postgres://secret-account:secret-password@127.0.0.1:1/secret-name",
    }

    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )

    live, ready = json.loads(finished.stdout)
    assert live == [200, {"status": "ok"}]
    assert ready == [503, {"status": "unavailable", "problems": {"database": "The database cannot be reached."}}]
    assert "secret" not in finished.stdout
