"""What the service answers while its database, or the catalog, cannot be used; and that it recovers by itself."""

import json
from contextlib import closing
from http import HTTPStatus

import psycopg2
import pytest
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, ProgrammingError, connection
from django.test import RequestFactory
from django.urls import path

from catalog.service import CatalogUnavailable
from program_enrollments.outages import is_outage
from program_enrollments.rest_api.fallbacks import server_error
from tests.live_service import live_service, wait_until
from tests.log_guard import guarded_log_lines

SENTENCE = "The service is temporarily unavailable. Send the request again after Retry-After seconds."
BODY = {"developer_message": SENTENCE, "error_code": "service_unavailable"}
OAUTH_BODY = BODY | {"error": "temporarily_unavailable", "error_description": SENTENCE}
PROGRAMS = "/api/program_enrollments/v1/programs/enrollments/"
SECRET_TEXT = "could not connect to secret-host as secret-user"


def raise_outage(request):
    raise OperationalError(SECRET_TEXT)


urlpatterns = [
    path("oauth2/outage", raise_outage),
    path("api/outage", raise_outage),
    path("admin/outage", raise_outage),
]

PREPARE = """
from access.issuing import UserRefreshToken
from tests.factories.learners import StaffFactory
user = StaffFactory(username="registrar")
user.set_password("a-long-password")
user.save()
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(UserRefreshToken.for_user(user).access_token, session.session_key)
"""


@pytest.mark.django_db(transaction=True)
def test_the_service_outlives_its_database_and_says_when_to_come_back(own_database, tmp_path):
    token, session = own_database.run(PREPARE).split()
    signed_in = {"Authorization": f"JWT {token}"}
    asked = {
        "an endpoint": ("GET", PROGRAMS, None, signed_in),
        "a session": ("GET", PROGRAMS, None, {"Cookie": f"sessionid={session}"}),
        "an unknown path": ("GET", "/api/program_enrollments/v1/nothing/", None, {}),
        "a password": ("POST", "/api/token/", {"username": "registrar", "password": "a-long-password"}, {}),
        "a secret": ("POST", "/oauth2/access_token", {}, {}),
        "an upload": ("POST", "/api/program_enrollments/v1/programs/1/imports/", {}, signed_in),
        "the admin": ("GET", "/admin/", None, {"Cookie": f"sessionid={session}", "Accept": "text/html"}),
    }
    log_file = tmp_path / "log"
    # A rate of which every request is counted in the database, also one for an unknown path.
    with live_service(log_file, DATABASE_URL=own_database.url, RATE_READS="300/minute") as service:

        def ask_all():
            answers = {}
            for name, request in asked.items():
                with closing(service.open_request(*request)) as opened:
                    answer = opened.getresponse()
                    answers[name] = (answer.status, answer.headers.get("Retry-After"), answer.read().decode())
            return answers

        before = {name: status for name, (status, _, _) in ask_all().items()}
        own_database.stop()
        meanwhile = ask_all()
        health = service.request("GET", "/health/ready"), service.request("GET", "/health/live")
        own_database.restart()
        wait_until(lambda: service.request("GET", "/health/ready") == {"status": "ok"}, "the database is back")
        afterwards = {name: status for name, (status, _, _) in ask_all().items()}

    assert before == afterwards
    assert before == {
        "an endpoint": 200, "a session": 200, "an unknown path": 404, "a password": 200, "a secret": 400,
        "an upload": 404, "the admin": 200,
    }  # fmt: skip
    assert {(status, retry_after) for status, retry_after, _ in meanwhile.values()} == {(503, "5")}
    page = meanwhile.pop("the admin")[2]
    assert "Temporarily unavailable" in page
    assert json.loads(meanwhile.pop("a secret")[2]) == OAUTH_BODY
    assert [json.loads(body) for _, _, body in meanwhile.values()] == [BODY] * len(meanwhile)
    assert health == (
        {"status": "unavailable", "problems": {"database": "The database cannot be reached."}},
        {"status": "ok"},
    )
    log = log_file.read_text()
    assert "A request was not served: OperationalError." in log
    assert "Traceback" not in log
    assert own_database.server.postgres_user not in log.replace("program_enrollments", "")


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("url", "accept", "body"),
    [("/api/outage", "text/html", BODY), ("/oauth2/outage", "*/*", OAUTH_BODY), ("/admin/outage", "text/html", None)],
)
def test_an_outage_in_any_view_is_answered_without_the_faults_text(client, url, accept, body):
    with guarded_log_lines() as guard:
        response = client.get(url, headers={"accept": accept})

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json() == body if body else b"Temporarily unavailable" in response.content
    assert "secret" not in response.content.decode() + "".join(guard.lines)


@pytest.mark.parametrize(("url", "fault", "status"), [
    ("/api/token/", OperationalError(SECRET_TEXT), HTTPStatus.SERVICE_UNAVAILABLE),
    ("/api/token/", ValueError(SECRET_TEXT), HTTPStatus.INTERNAL_SERVER_ERROR),
])  # fmt: skip
def test_an_outage_in_a_middleware_is_answered_like_one_in_a_view(url, fault, status):
    try:
        raise fault
    except (OperationalError, ValueError):
        response = server_error(RequestFactory().get(url))

    assert response.status_code == status
    assert "secret" not in response.content.decode()


def test_writes_are_answered_503_while_the_database_is_read_only(staff_client, settings):
    settings.REQUEST_COUNTER = "limits.counting.DatabaseCounter"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")

    response = staff_client.get(PROGRAMS)

    assert (response.status_code, response.json(), response["Retry-After"]) == (503, BODY, "5")


class ClosedCatalog:
    def __getattr__(self, name):
        raise CatalogUnavailable(SECRET_TEXT)


def test_a_catalog_that_cannot_be_asked_is_an_outage(staff_client, settings):
    settings.CATALOG_BACKEND = f"{__name__}.ClosedCatalog"

    response = staff_client.get(PROGRAMS)

    assert (response.status_code, response.json(), response["Retry-After"]) == (503, BODY, "5")


def caused_by(fault, cause):
    fault.__cause__ = cause
    return fault


def with_state(code):
    return type("Refusal", (psycopg2.InternalError,), {"pgcode": code})()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (OperationalError(), True),
        (InterfaceError(), True),
        (psycopg2.OperationalError(), True),
        (CatalogUnavailable(), True),
        *[(caused_by(InternalError(), with_state(code)), True) for code in ("25006", "0A000", "26000")],
        (psycopg2.DatabaseError(), True),
        (caused_by(DatabaseError(), psycopg2.DatabaseError()), True),
        (DatabaseError("Save with update_fields did not affect any rows."), False),
        (caused_by(InternalError(), with_state("42601")), False),
        (InternalError(), False),
        (ProgrammingError(), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_only_what_passes_with_time_is_an_outage(fault, expected):
    assert is_outage(fault) is expected
