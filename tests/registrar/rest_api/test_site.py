"""Registrar's other routes, and the setting that switches all of them off (registrar page, section 12)."""

import importlib

import pytest
from django.urls import clear_url_caches

import config.urls
from tests.registrar.conftest import API


@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_health_is_told_in_registrars_words(anonymous_client, path):
    response = anonymous_client.get(path)

    assert response.status_code == 200
    assert response.json() == {"overall_status": "OK", "detailed_status": {"database_status": "OK"}}


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


@pytest.fixture
def switched_off(settings):
    settings.ENABLE_REGISTRAR_API = False
    importlib.reload(config.urls)
    clear_url_caches()
    yield
    settings.ENABLE_REGISTRAR_API = True
    importlib.reload(config.urls)
    clear_url_caches()


@pytest.mark.usefixtures("switched_off")
@pytest.mark.parametrize("path", [f"{API}programs", "/api/v3/programs", "/csrf/api/v1/token", "/health"])
def test_a_setting_switches_all_routes_off(staff_client, path):
    assert staff_client.get(path).status_code == 404
    assert staff_client.get("/api/program_enrollments/v1/programs/enrollments/").status_code == 200
