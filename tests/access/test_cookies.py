"""The cookies with which browser front ends of Open edX sign in, and requests from other origins."""

import pytest
from rest_framework.test import APIClient

from access.issuing import UserAccessToken

READABLE = "/api/program_enrollments/v1/programs/enrollments/"


@pytest.fixture
def browser(staff):
    client = APIClient(enforce_csrf_checks=True)
    header, payload, signature = str(UserAccessToken.for_user(staff)).split(".")
    client.cookies["edx-jwt-cookie-header-payload"] = f"{header}.{payload}"
    client.cookies["edx-jwt-cookie-signature"] = signature
    return client


@pytest.fixture
def write(program):
    """Sends a write, which is an empty list: 204 when it is let through."""
    path = f"/api/program_enrollments/v1/programs/{program.uuid}/enrollments/"
    return lambda client, **headers: client.put(path, [], headers={"Use-Jwt-Cookie": "true"} | headers)


def test_the_cookies_open_the_api(browser):
    assert browser.get(READABLE, headers={"Use-Jwt-Cookie": "true"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Use-Jwt-Cookie": "false"}])
def test_the_cookies_are_not_read_unless_the_header_says_so(browser, headers):
    assert browser.get(READABLE, headers=headers).status_code == 401


@pytest.mark.parametrize("name", ["edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature"])
def test_one_cookie_is_no_credential(browser, name):
    del browser.cookies[name]

    assert browser.get(READABLE, headers={"Use-Jwt-Cookie": "true"}).status_code == 401


def test_a_forged_cookie_is_refused(browser):
    browser.cookies["edx-jwt-cookie-signature"] = "forged"

    assert browser.get(READABLE, headers={"Use-Jwt-Cookie": "true"}).status_code == 401


def test_a_write_without_the_csrf_token_is_refused(browser, write):
    assert write(browser).status_code == 403


def test_a_write_with_the_csrf_token_is_let_through(browser, write):
    browser.cookies["csrftoken"] = "a" * 32

    assert write(browser, **{"X-CSRFToken": "a" * 32}).status_code == 204


def test_the_authorization_header_goes_before_the_cookies(browser):
    headers = {"Use-Jwt-Cookie": "true", "Authorization": "JWT a.b.c"}

    assert browser.get(READABLE, headers=headers).status_code == 401


PREFLIGHT = {
    "Origin": "https://learner.example",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "use-jwt-cookie",
}


def test_no_other_origin_is_let_in_by_default(anonymous_client):
    response = anonymous_client.options(READABLE, headers=PREFLIGHT)

    assert "Access-Control-Allow-Origin" not in response


def test_a_listed_origin_is_let_in_with_its_cookies(anonymous_client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://learner.example"]
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]

    response = anonymous_client.options(READABLE, headers=PREFLIGHT)

    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "https://learner.example"
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "use-jwt-cookie" in response["Access-Control-Allow-Headers"]
