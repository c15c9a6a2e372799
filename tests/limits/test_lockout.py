"""Guessed passwords and client secrets."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from axes.models import AccessAttempt, AccessLog
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.test import APIClient

from limits.service import guard_client_endpoint, guard_token_endpoint
from tests.log_guard import guarded_log_lines

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
TOKEN = "/api/token/"
LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def _three_attempts(settings):
    settings.AXES_FAILURE_LIMIT = 3


@pytest.fixture
def account(staff):
    staff.set_password(PASSWORD)
    staff.save()
    return staff


def sign_in(password, path=TOKEN, username="staff", address="10.0.0.1"):
    client = APIClient(REMOTE_ADDR=address)
    return client.post(
        path, {"username": username, "password": password}, format="json" if path == TOKEN else "multipart"
    )


def lock_out(**options):
    return [sign_in("wrong", **options) for _ in range(3)][-1]


@time_machine.travel(NOON, tick=False)
def test_the_api_refuses_even_the_right_password_after_too_many_wrong_ones(account):
    assert sign_in("wrong").status_code == 401
    assert sign_in("wrong").status_code == 401

    locking = sign_in("wrong")
    right = sign_in(PASSWORD)

    assert (locking.status_code, right.status_code) == (429, 429)
    assert right.json() == {
        "developer_message": "Too many failed attempts. Expected available in 900 seconds.",
        "error_code": "too_many_attempts",
    }
    assert right["Retry-After"] == "900"


@time_machine.travel(NOON, tick=False)
def test_the_admin_shows_a_plain_page_after_too_many_wrong_passwords(account):
    lock_out(path=LOGIN)

    response = sign_in(PASSWORD, path=LOGIN)

    assert (response.status_code, response["Retry-After"]) == (429, "900")
    assert "locked for 15 minutes" in response.content.decode()
    assert "sessionid" not in response.cookies


@pytest.mark.parametrize("path", [TOKEN, LOGIN])
def test_the_lock_ends_by_itself_and_attempts_during_it_do_not_prolong_it(account, path):
    with time_machine.travel(NOON, tick=False):
        lock_out(path=path)
    with time_machine.travel(NOON + timedelta(minutes=14, seconds=59), tick=False):
        assert sign_in(PASSWORD, path=path).status_code == 429
    with time_machine.travel(NOON + timedelta(minutes=15, seconds=1), tick=False):
        assert sign_in(PASSWORD, path=path).status_code in {200, 302}


@time_machine.travel(NOON, tick=False)
def test_the_api_and_the_admin_share_their_locks(account):
    lock_out(path=LOGIN)

    assert sign_in(PASSWORD, path=TOKEN).status_code == 429


@time_machine.travel(NOON, tick=False)
def test_nobody_locks_out_another_from_another_address(account):
    lock_out(address="10.6.6.6")

    assert sign_in(PASSWORD, address="10.0.0.1").status_code == 200


@time_machine.travel(NOON, tick=False)
def test_an_unknown_username_is_locked_like_a_known_one():
    assert lock_out(username="nobody").status_code == 429


@time_machine.travel(NOON, tick=False)
def test_the_right_password_clears_the_count(account):
    for _ in range(3):
        assert sign_in("wrong", path=LOGIN).status_code == 200
        assert sign_in(PASSWORD, path=LOGIN).status_code == 302


@pytest.mark.parametrize("path", [TOKEN, LOGIN])
@pytest.mark.parametrize("username", ["x" * 5000, "nul\0nul", "é" * 300, ""])
def test_an_impossible_username_is_no_failure_of_ours(path, username):
    assert sign_in("wrong", path=path, username=username).status_code < 500


def test_a_username_that_is_no_text_is_no_failure_of_ours():
    body = b'{"username": "\\ud800", "password": "wrong"}'

    assert APIClient().post(TOKEN, body, content_type="application/json").status_code == 400


def test_log_lines_of_sign_ins_name_nobody(account):
    with guarded_log_lines() as guard:
        lock_out(username="somebody-by-name")
        lock_out(username="somebody-by-name", path=LOGIN)

    assert len(guard.lines) >= 6
    assert [line for line in guard.lines if "somebody-by-name" in line or "10.0.0.1" in line] == []


def test_neither_passwords_nor_secrets_nor_successful_sign_ins_are_stored(account):
    sign_in("my-wrong-password")
    ask_for_token(secret="my-wrong-secret")
    sign_in(PASSWORD)

    stored = [str(values) for values in AccessAttempt.objects.values_list()]
    assert len(stored) == 2
    assert [text for text in stored if "my-wrong" in text] == []
    assert not AccessLog.objects.exists()


@guard_client_endpoint
def give_token(request):
    """Stands for an endpoint that checks clients: the secret is `right`."""
    return HttpResponse(
        status=200 if request.POST.get("client_secret") == "right" or "Authorization" in request.headers else 401
    )


def ask_for_token(client_id="school", address="10.0.0.1", *, secret="wrong"):  # noqa: S107 -- a wrong one
    body = urlencode({"client_id": client_id, "client_secret": secret})
    form = "application/x-www-form-urlencoded"
    return give_token(RequestFactory().post("/oauth2/access_token", body, form, REMOTE_ADDR=address))


def request_with_basic(credentials):
    word = base64.b64encode(credentials).decode()
    return RequestFactory().post("/", headers={"authorization": f"Basic {word}"}, REMOTE_ADDR="10.0.0.1")


@time_machine.travel(NOON, tick=False)
def test_a_client_is_locked_after_too_many_wrong_secrets():
    answers = [ask_for_token().status_code for _ in range(4)]
    right = ask_for_token(secret="right")

    assert answers == [401, 401, 401, 429]
    assert (right.status_code, right["Retry-After"]) == (429, "900")
    assert b'"error": "too_many_attempts"' in right.content


@time_machine.travel(NOON, tick=False)
def test_a_lock_holds_for_one_client_at_one_address():
    for _ in range(3):
        ask_for_token()

    assert ask_for_token(secret="right", address="10.0.0.2").status_code == 200
    assert ask_for_token(client_id="other", secret="right").status_code == 200


@time_machine.travel(NOON, tick=False)
def test_the_lock_holds_for_the_client_of_a_basic_header_too():
    for _ in range(3):
        ask_for_token(client_id="school one")

    assert give_token(request_with_basic(b"school+one:right")).status_code == 429


@time_machine.travel(NOON, tick=False)
def test_the_right_secret_clears_the_count():
    answers = [ask_for_token(secret=secret).status_code for secret in ["wrong", "wrong", "right"] * 3]

    assert answers == [401, 401, 200] * 3


@time_machine.travel(NOON, tick=False)
def test_requests_for_tokens_are_counted_by_address_whatever_client_they_name(settings):
    settings.REQUEST_RATES = {"token": "2/minute"}

    answers = [ask_for_token(client_id=f"client{n}", secret="right") for n in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["RateLimit-Policy"] == '"token";q=2;w=60'
    assert answers[-1]["RateLimit"] == '"token";r=0;t=60'
    assert answers[-1]["Retry-After"] == "60"
    assert b'"error_code": "throttled"' in answers[-1].content


@time_machine.travel(NOON, tick=False)
def test_requests_for_tokens_are_counted_by_client_whatever_their_address(settings):
    settings.REQUEST_RATES = {"token": "2/minute"}

    answers = [ask_for_token(secret="right", address=f"10.0.0.{n}").status_code for n in range(3)]

    assert answers == [200, 200, 429]


@time_machine.travel(NOON, tick=False)
def test_wrong_secrets_do_not_use_up_the_rate_of_a_client(settings):
    settings.REQUEST_RATES = {"token": "2/minute"}
    for n in range(3):
        ask_for_token(secret="wrong", address=f"10.6.6.{n}")

    assert ask_for_token(secret="right", address="10.0.0.1").status_code == 200


@time_machine.travel(NOON, tick=False)
def test_only_the_endpoint_of_clients_clears_the_count_of_a_client():
    for _ in range(2):
        ask_for_token(client_id="school")
    request = request_with_basic(b"school:anything")

    assert guard_token_endpoint(lambda request: HttpResponse())(request).status_code == 200

    answers = [ask_for_token(client_id="school").status_code for _ in range(2)]
    assert answers == [401, 429]


@time_machine.travel(NOON, tick=False)
def test_sign_ins_to_the_admin_are_counted_by_address_whatever_username_they_name(settings):
    settings.REQUEST_RATES = {"token": "2/minute"}

    answers = [sign_in("wrong", path=LOGIN, username=f"user{n}") for n in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "60"
    assert answers[-1]["Content-Type"].startswith("text/html")
    assert "try again in 60 seconds" in answers[-1].content.decode()
    assert sign_in("wrong", path=LOGIN, address="10.0.0.2").status_code == 200


@time_machine.travel(NOON, tick=False)
def test_sign_ins_to_the_admin_and_requests_for_tokens_share_the_rate_of_an_address(settings):
    settings.REQUEST_RATES = {"token": "1/minute"}
    sign_in("wrong", path=LOGIN)

    assert sign_in("wrong", path=TOKEN, username="other").status_code == 429


@time_machine.travel(NOON, tick=False)
def test_the_sign_in_page_of_the_admin_is_shown_beyond_the_rate(settings):
    settings.REQUEST_RATES = {"token": "1/minute"}
    answers = [APIClient().get(LOGIN).status_code for _ in range(3)]

    assert answers == [200, 200, 200]


@pytest.mark.parametrize("client_id", ["x" * 5000, "nul\0nul", "é" * 300])
def test_an_impossible_client_is_no_failure_of_ours(client_id):
    assert ask_for_token(client_id=client_id).status_code == 401
