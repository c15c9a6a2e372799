"""Registrar's other routes, and the setting that switches all of them off (registrar page, section 12)."""

import importlib
import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib import admin
from django.urls import clear_url_caches

import config.urls
from tests.registrar.conftest import API


@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_health_is_told_in_registrars_words(anonymous_client, path):
    response = anonymous_client.get(path)

    assert response.status_code == 200
    assert response.json() == {"overall_status": "OK", "detailed_status": {"database_status": "OK"}}


def test_health_is_unavailable_while_the_database_is_down():
    # In a process of its own, since the tests' connection stands already. Nothing listens on port 1.
    program = """
import django
django.setup()
from django.test import Client
answer = Client(headers={"host": "localhost"}).get("/health")
print(answer.status_code, answer.content.decode())
"""
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": "postgres://a:b@127.0.0.1:1/c"}

    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env=os.environ | environment,
        capture_output=True,
        check=True,
        text=True,
    )

    status, _, body = finished.stdout.partition(" ")
    assert status == "503"
    assert json.loads(body) == {
        "overall_status": "UNAVAILABLE",
        "detailed_status": {"database_status": "UNAVAILABLE"},
    }


@pytest.mark.parametrize("path", ["cache/", "cache", "cache/masters-in-cs/", "cache/masters-in-cs"])
def test_staff_may_drop_the_cache_that_is_not_there(staff_client, reader, anonymous_client, program, path):
    path = f"/api/internal/{path}"

    assert staff_client.delete(path).status_code == 204
    assert reader.delete(path).status_code == 404
    assert anonymous_client.delete(path).status_code == 401
    assert staff_client.get(path).status_code == 405


def test_the_cache_of_an_unknown_program_is_404(staff_client):
    assert staff_client.delete("/api/internal/cache/none/").status_code == 404


@pytest.mark.parametrize("path", ["/api/internal/", "/api/internal/x"])
def test_there_is_nothing_else(staff_client, path):
    response = staff_client.get(path)

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["courses/TOY-1//enrollments", "courses///grades", "courses/TOY-1/enrollments//"])
def test_two_slashes_are_no_route_for_anybody(anonymous_client, program_path, path):
    response = anonymous_client.get(f"{program_path}/{path}")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def reload_routes():
    # Without the guard that they put around it: they would put another one around that, and count sign-ins twice.
    del admin.site.login
    importlib.reload(config.urls)
    clear_url_caches()


@pytest.fixture
def switched_off(settings):  # pytest-django's, which puts the setting back
    settings.ENABLE_REGISTRAR_API = False
    reload_routes()
    yield
    settings.ENABLE_REGISTRAR_API = True
    reload_routes()


@pytest.mark.usefixtures("switched_off")
@pytest.mark.parametrize("path", [f"{API}programs", "/api/v3/programs", "/csrf/api/v1/token", "/health"])
def test_a_setting_switches_all_routes_off(staff_client, path):
    assert staff_client.get(path).status_code == 404
    assert staff_client.get("/api/program_enrollments/v1/programs/enrollments/").status_code == 200
