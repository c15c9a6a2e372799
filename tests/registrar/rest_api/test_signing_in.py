"""Who is let in, and by which credentials (registrar page, section 2)."""

import pytest
from rest_framework.test import APIClient

from access.issuing import UserAccessToken
from tests.registrar.conftest import API

COOKIE_PAIR = ("edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature")


@pytest.fixture
def token(reader):
    return str(UserAccessToken.for_user(reader.user))


@pytest.fixture(params=["whole", "pair"])
def browser(request, writer):
    """A browser with the cookies of an Open edX front end, in either form."""
    client = APIClient(enforce_csrf_checks=True)
    token = str(UserAccessToken.for_user(writer.user))
    if request.param == "whole":
        client.cookies["edx-jwt-cookie"] = token
    else:
        payload, _, signature = token.rpartition(".")
        client.cookies[COOKIE_PAIR[0]], client.cookies[COOKIE_PAIR[1]] = payload, signature
    return client


def test_a_token_in_the_header_is_read(token, program):
    client = APIClient()

    assert len(client.get(f"{API}programs", headers={"authorization": f"JWT {token}"}).json()) == 1


@pytest.mark.parametrize("authorization", ["Basic YTpi", "Token {}", "Bearer no-token", "JWT no-token", "JWT"])
def test_other_schemes_and_bad_tokens_are_anonymous(token, authorization):
    response = APIClient().get(f"{API}programs", headers={"authorization": authorization.format(token)})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'JWT realm="api"'


@pytest.mark.parametrize("headers", [{}, {"use-jwt-cookie": "true"}])
def test_cookies_open_the_routes_with_and_without_the_header(browser, headers):
    assert browser.get(f"{API}programs", headers=headers).status_code == 200


def test_a_forged_cookie_is_refused(browser):
    for name in browser.cookies:
        browser.cookies[name] = "forged"

    assert browser.get(f"{API}programs").status_code == 401


def test_a_write_by_cookie_needs_the_csrf_token(browser, program_path):
    body = [{"student_key": "a", "status": "enrolled"}]

    refused = browser.post(f"{program_path}/enrollments", body)
    token = browser.get("/csrf/api/v1/token").json()["csrfToken"]
    written = browser.post(f"{program_path}/enrollments", body, headers={"X-CSRFToken": token})

    assert (refused.status_code, written.status_code) == (401, 200)
    assert refused.json()["detail"].startswith("CSRF Failed")


def test_a_write_by_session_needs_the_csrf_token(writer, program_path):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(writer.user)
    body = [{"student_key": "a", "status": "enrolled"}]

    refused = client.post(f"{program_path}/enrollments", body)
    token = client.get("/csrf/api/v1/token/").json()["csrfToken"]
    written = client.post(f"{program_path}/enrollments", body, headers={"X-CSRFToken": token})

    assert (refused.status_code, written.status_code) == (403, 200)


def test_an_upload_by_session_needs_the_csrf_token(writer, program_path):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(writer.user)

    assert client.post(f"{program_path}/enrollments/upload", {}, format="multipart").status_code == 403


def test_the_csrf_token_is_given_to_anyone_and_kept_by_no_cache(anonymous_client):
    response = anonymous_client.get("/csrf/api/v1/token")

    assert response.status_code == 200
    assert list(response.json()) == ["csrfToken"]
    assert response["Cache-Control"].count("no-store") == 1
    assert anonymous_client.post("/csrf/api/v1/token").status_code == 405


def test_a_listed_origin_may_ask_with_its_cookies(anonymous_client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://console.example"]
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    headers = {
        "Origin": "https://console.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "use-jwt-cookie,x-csrftoken",
    }

    response = anonymous_client.options(f"{API}programs", headers=headers)

    assert response["Access-Control-Allow-Origin"] == "https://console.example"
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "use-jwt-cookie" in response["Access-Control-Allow-Headers"]


def test_too_many_requests_are_told_in_registrars_shape(reader, settings):
    settings.REQUEST_RATES = settings.REQUEST_RATES | {"read": "1/minute"}

    assert reader.get(f"{API}programs").status_code == 200
    response = reader.get(f"{API}programs")
    assert response.status_code == 429
    assert list(response.json()) == ["detail"]
    assert int(response["Retry-After"]) > 0
