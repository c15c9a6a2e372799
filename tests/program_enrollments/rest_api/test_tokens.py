"""Tokens and the credentials of a request (contract section 2)."""

import base64
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from access.issuing import UserAccessToken, UserRefreshToken
from tests.factories.learners import UserFactory

PASSWORD = "correct horse battery"
READABLE = "/api/program_enrollments/v1/programs/enrollments/"


@pytest.fixture
def account(db):
    user = UserFactory(username="partner")
    user.set_password(PASSWORD)
    user.save()
    return user


def obtain(client, password=PASSWORD, slash="/"):
    return client.post(f"/api/token{slash}", {"username": "partner", "password": password})


@pytest.mark.parametrize("word", ["JWT", "Bearer"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_a_password_buys_a_token_that_opens_the_api(anonymous_client, account, word, slash):
    token = obtain(anonymous_client, slash=slash).json()["access"]

    response = anonymous_client.get(READABLE, headers={"Authorization": f"{word} {token}"})

    assert response.status_code == 200


def test_a_wrong_password_is_refused(anonymous_client, account):
    response = obtain(anonymous_client, password="wrong")

    assert response.status_code == 401
    assert "WWW-Authenticate" in response
    assert response.json() == {
        "developer_message": "No active account found with the given credentials",
        "error_code": "no_active_account",
    }


def test_an_inactive_account_gets_no_token(anonymous_client, account):
    account.is_active = False
    account.save()

    assert obtain(anonymous_client).status_code == 401


@pytest.mark.parametrize("by", ["token", "session"])
def test_an_account_that_became_inactive_is_refused(anonymous_client, account, by):
    headers = {}
    if by == "token":
        headers = {"Authorization": f"JWT {UserAccessToken.for_user(account)}"}
    else:
        anonymous_client.force_login(account)
    account.is_active = False
    account.save()

    response = anonymous_client.get(READABLE, headers=headers)

    assert response.status_code == 401
    assert "WWW-Authenticate" in response


def test_an_expired_token_is_refused(anonymous_client, account):
    token = UserAccessToken.for_user(account)

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        response = anonymous_client.get(READABLE, headers={"Authorization": f"JWT {token}"})

    assert response.status_code == 401
    assert response.json()["error_code"] == "token_not_valid"


def test_a_session_opens_the_api(anonymous_client, account):
    anonymous_client.force_login(account)

    assert anonymous_client.get(READABLE).status_code == 200


def test_a_refresh_token_is_worth_new_tokens_once(anonymous_client, account):
    refresh = obtain(anonymous_client).json()["refresh"]

    first = anonymous_client.post("/api/token/refresh/", {"refresh": refresh})
    second = anonymous_client.post("/api/token/refresh", {"refresh": refresh})

    assert first.status_code == 200
    assert set(first.json()) == {"access", "refresh"}
    assert second.status_code == 401
    assert second.json()["error_code"] == "token_not_valid"


def test_a_blacklisted_token_cannot_be_refreshed(anonymous_client, account):
    refresh = obtain(anonymous_client).json()["refresh"]

    assert anonymous_client.post("/api/token/blacklist/", {"refresh": refresh}).status_code == 200
    assert anonymous_client.post("/api/token/refresh/", {"refresh": refresh}).status_code == 401


def test_a_token_can_be_verified(anonymous_client, account):
    token = str(UserAccessToken.for_user(account))

    assert anonymous_client.post("/api/token/verify/", {"token": token}).status_code == 200
    assert anonymous_client.post("/api/token/verify/", {"token": token[:-2]}).status_code == 401


def test_the_refresh_token_of_a_deleted_account_is_refused(anonymous_client, account):
    refresh = str(UserRefreshToken.for_user(account))
    account.delete()

    assert anonymous_client.post("/api/token/refresh/", {"refresh": refresh}).status_code == 401


@pytest.mark.parametrize("field", ["refresh", "access"])
def test_a_changed_password_ends_the_tokens_of_the_one_before(anonymous_client, account, field):
    token = obtain(anonymous_client).json()[field]
    account.set_password("another horse battery")
    account.save()

    refreshed = anonymous_client.post("/api/token/refresh/", {"refresh": token})
    verified = anonymous_client.post("/api/token/verify/", {"token": token})

    assert (refreshed.status_code, refreshed.json()["error_code"]) == (401, "token_not_valid")
    assert (verified.status_code, verified.json()["error_code"]) == (401, "token_not_valid")


def test_a_changed_password_ends_a_refresh_token_that_was_rotated(anonymous_client, account):
    refresh = obtain(anonymous_client).json()["refresh"]
    rotated = anonymous_client.post("/api/token/refresh/", {"refresh": refresh}).json()["refresh"]
    account.set_password("another horse battery")
    account.save()

    assert anonymous_client.post("/api/token/refresh/", {"refresh": rotated}).status_code == 401


def test_a_refresh_token_from_before_tokens_knew_the_password_is_refused(anonymous_client, account):
    token = UserRefreshToken.for_user(account)
    del token["hash_password"]

    assert anonymous_client.post("/api/token/refresh/", {"refresh": str(token)}).status_code == 401


def test_the_refresh_token_of_an_inactive_account_is_refused_like_any_other(anonymous_client, account):
    refresh = obtain(anonymous_client).json()["refresh"]
    account.is_active = False
    account.save()

    response = anonymous_client.post("/api/token/refresh/", {"refresh": refresh})

    assert (response.status_code, response.json()["error_code"]) == (401, "token_not_valid")


@pytest.mark.parametrize("header", [b"[" * 3000, b"[]", b'{"alg": []}', b'{"alg": "none"}', b"\xff\xfe"])
def test_tokens_that_are_no_tokens_are_refused(anonymous_client, header):
    token = f"{base64.urlsafe_b64encode(header).decode().rstrip('=')}.e30.eA"

    opened = anonymous_client.get(READABLE, headers={"Authorization": f"JWT {token}"})

    assert opened.status_code == 401
    for endpoint in ("refresh", "verify", "blacklist"):
        response = anonymous_client.post(f"/api/token/{endpoint}/", {"refresh": token, "token": token})
        assert response.status_code == 401


def test_missing_fields_are_named(anonymous_client):
    response = anonymous_client.post("/api/token/", {})

    assert response.status_code == 400
    assert response.json()["field_errors"] == [
        {"index": 0, "fields": {"username": ["This field is required."], "password": ["This field is required."]}}
    ]
