"""What browsers are told about every answer, and what guessers learn."""

import re
from datetime import timedelta
from hashlib import pbkdf2_hmac

import pytest
from django.conf import settings

from access.partners import rotate_secret
from tests.factories.access import CLIENT_SECRET, RoleAssignmentFactory, make_application
from tests.factories.catalog import ProgramFactory
from tests.factories.learners import StaffFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
NOTHING = "default-src 'none'; frame-ancestors 'none'"
BASE = "/api/program_enrollments/v1/"
ADMIN_PAGES = [
    "/admin/",
    "/admin/program_enrollments/programenrollment/",
    "/admin/imports/import/",
    "/admin/learners/user/add/",
    "/admin/access/roleassignment/",
]


def read_policy(response):
    directives = (part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";"))
    return {name: sources for name, _, sources in directives}


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/admin/login/", STRICT),
        ("/nowhere/", STRICT),
        (f"{BASE}programs/enrollments/", NOTHING),
        (f"{BASE}nowhere/", NOTHING),
        ("/api/schema/", NOTHING),
    ],
)
def test_every_answer_carries_the_headers_that_protect_browsers(client, path, policy):
    response = client.get(path, secure=True)

    assert read_policy(response) == {
        name: sources for name, _, sources in (part.partition(" ") for part in policy.split("; "))
    }
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Permissions-Policy"].startswith("camera=(), geolocation=()")


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_pages_of_the_admin_run_no_script_of_their_own(client, path):
    client.force_login(StaffFactory(is_superuser=True))

    response = client.get(path)

    assert response.status_code == 200
    scripts = re.findall(r"<script\b([^>]*)>", response.content.decode())
    assert [script for script in scripts if "src=" not in script and "application/json" not in script] == []
    assert read_policy(response)["script-src"] == "'self'"


@pytest.mark.parametrize("path", ["/api-docs/", "/api-docs/redoc/"])
def test_the_pages_of_the_api_run_our_scripts_only(client, path):
    response = client.get(path)

    page = response.content.decode()
    scripts = re.findall(r"<script\b[^>]*>", page)
    sources = re.findall(r"<script\b[^>]*src=\"([^\"]*)\"", page)
    assert len(sources) == len(scripts) > 0
    assert {source for source in sources if not source.startswith("/")} == set()
    policy = read_policy(response)
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["worker-src"] == "blob:"


def test_swagger_is_started_by_a_script_of_its_own(client):
    assert "SwaggerUIBundle(" in client.get("/api-docs/?script=").content.decode()


def test_the_admin_is_closed_to_those_who_did_not_sign_in(client):
    for path in ADMIN_PAGES:
        assert client.get(path)["Location"].startswith("/admin/login/")


def test_unknown_names_and_wrong_passwords_of_accounts_get_the_same_answer(client):
    account = UserFactory(username="known")
    account.set_password("the-right-password")
    account.save()
    UserFactory(username="inactive", is_active=False)

    answers = {
        (response.status_code, response.content)
        for username in ("known", "inactive", "unknown")
        for wrong in [{"username": username, "password": "wrong"}]
        for response in [client.post("/api/token/", wrong, content_type="application/json")]
    }

    assert {status for status, _ in answers} == {401}
    assert len(answers) == 1


def test_unknown_clients_and_wrong_secrets_get_the_same_answer_for_the_same_work(client, monkeypatch):
    known = make_application("enrollments:read").client_id
    revoked = make_application("enrollments:read")
    revoked.revoked_at = revoked.created
    revoked.save()
    rotating = make_application("enrollments:read").client_id
    rotate_secret(rotating, overlap=timedelta(hours=24))
    hashed: list[int] = []

    def count_hashes(*args, **kwargs):
        hashed[-1] += 1
        return pbkdf2_hmac(*args, **kwargs)

    monkeypatch.setattr("hashlib.pbkdf2_hmac", count_hashes)
    answers = set()
    for client_id in (known, rotating, revoked.client_id, "unknown"):
        hashed.append(0)
        body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": f"not-{CLIENT_SECRET}"}
        response = client.post("/oauth2/access_token", body)
        answers.add((response.status_code, response.content))

    assert len(answers) == 1
    assert hashed == [2, 2, 2, 2]


def test_readers_of_a_program_do_not_learn_which_accounts_there_are(client):
    program = ProgramFactory()
    reader = UserFactory()
    RoleAssignmentFactory(user=reader, program_uuid=program.uuid, role="reader")
    ProgramEnrollmentFactory(user=UserFactory(username="elsewhere"))
    client.force_login(reader)

    answers = {
        (response.status_code, response.content)
        for username in ("elsewhere", "unknown")
        for response in [client.get(f"{BASE}users/{username}/programs/{program.uuid}/courses/")]
    }

    assert {status for status, _ in answers} == {403}
    assert len(answers) == 1


def test_cookies_are_for_the_browser_and_this_site_only():
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
    assert settings.SESSION_COOKIE_SECURE is settings.CSRF_COOKIE_SECURE is settings.HTTPS_ONLY
