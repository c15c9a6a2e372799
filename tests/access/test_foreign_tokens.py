"""Tokens of trusted issuers: whose keys are read over the network, exchanged, and misused."""

import base64
import hashlib
import hmac
import json
import time

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from learners.models import User
from tests.access.issuers import AUDIENCE, ISSUER, KeyServer, describe, make_claims, sign
from tests.factories.access import RoleAssignmentFactory, make_application
from tests.factories.learners import UserFactory
from tests.local_server import local_server

READABLE = "/api/program_enrollments/v1/programs/enrollments/"
REFUSAL = {"developer_message": "The token is not valid.", "error_code": "token_not_valid"}


@pytest.fixture
def key_server(private_key):
    return KeyServer(describe(private_key, "first"))


@pytest.fixture
def server(key_server):
    with local_server(key_server) as server:
        yield server


@pytest.fixture
def entry(server, settings):
    """The issuer's entry in the settings; tests may change it."""
    entry = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": server.url, "algorithms": ["RS256"]}
    settings.TRUSTED_JWT_ISSUERS = [entry]
    return entry


@pytest.fixture
def remote(entry):
    return UserFactory(username="remote")


@pytest.fixture
def ask(anonymous_client):
    def ask(token, word="JWT"):
        return anonymous_client.get(READABLE, headers={"Authorization": f"{word} {token}"})

    return ask


def encode(part):
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def assert_refused(response):
    assert response.status_code == 401
    assert response.json() == REFUSAL
    assert response["WWW-Authenticate"] == 'JWT realm="api"'


@pytest.mark.parametrize("word", ["JWT", "Bearer", "jwt", "bearer"])
def test_a_token_of_a_trusted_issuer_opens_the_api(ask, remote, private_key, word):
    assert ask(sign(private_key), word).status_code == 200


def test_keys_are_read_once(ask, remote, private_key, server):
    for _ in range(3):
        ask(sign(private_key))

    assert len(server.requests) == 1


def test_a_new_key_is_found_when_its_first_token_comes(ask, remote, private_key, other_private_key, key_server):
    with time_machine.travel("2026-11-23T12:00:00Z"):
        ask(sign(private_key))
    key_server.keys.append(describe(other_private_key, "second"))

    with time_machine.travel("2026-11-23T12:01:01Z"):
        responses = [ask(sign(other_private_key, "second")), ask(sign(private_key, "first"))]

    assert [response.status_code for response in responses] == [200, 200]


def test_unknown_keys_make_one_request_a_minute(ask, remote, private_key, other_private_key, server):
    with time_machine.travel("2026-11-23T12:00:00Z"):
        statuses = [ask(sign(other_private_key, f"random-{n}")).status_code for n in range(5)]
    first_minute = len(server.requests)
    with time_machine.travel("2026-11-23T12:01:01Z"):
        statuses += [ask(sign(other_private_key, f"random-{n}")).status_code for n in range(5)]

    assert set(statuses) == {401}
    assert (first_minute, len(server.requests)) == (1, 2)


def test_a_withdrawn_key_is_worth_nothing_after_ten_minutes(ask, remote, private_key, other_private_key, key_server):
    with time_machine.travel("2026-11-23T12:00:00Z"):
        assert ask(sign(private_key)).status_code == 200
    key_server.keys = [describe(other_private_key, "second")]

    with time_machine.travel("2026-11-23T12:10:01Z"):
        assert_refused(ask(sign(private_key)))


def test_known_keys_stay_good_while_the_issuer_is_down(ask, remote, private_key, key_server):
    with time_machine.travel("2026-11-23T12:00:00Z"):
        ask(sign(private_key))
    key_server.status = 503

    with time_machine.travel("2026-11-23T13:00:00Z"):
        assert ask(sign(private_key)).status_code == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (302, b""),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": {}}'),
        (200, b'{"keys": [1, null, {"kty": "RSA"}, {"kty": "oct", "k": "AA", "kid": "first"}]}'),
        (200, b'{"keys": [{"kty": "RSA", "kid": "first", "n": 1, "e": []}]}'),
        (200, b"[" * 100_000),
        (200, b" " * 300_000),
        (200, b"\xff\xfe"),
    ],
)
def test_an_issuer_that_is_down_or_confused_is_a_refusal(ask, remote, private_key, key_server, status, body):
    key_server.status, key_server.body = status, body

    assert_refused(ask(sign(private_key)))


def test_an_issuer_that_cannot_be_reached_is_a_refusal(ask, remote, private_key, entry):
    entry["jwks_url"] = "http://127.0.0.1:9/jwks.json"

    assert_refused(ask(sign(private_key)))


def test_an_issuer_that_hangs_is_a_refusal(ask, remote, private_key, key_server, monkeypatch):
    monkeypatch.setattr("access.tokens.key_sets.TIMEOUT_SECONDS", 0.1)
    key_server.delay_seconds = 30

    assert_refused(ask(sign(private_key)))


def test_a_token_without_a_key_id_is_checked_with_each_key(ask, remote, private_key, other_private_key, key_server):
    key_server.keys.insert(0, describe(other_private_key, "zeroth"))

    assert ask(sign(private_key, headers={})).status_code == 200


def test_a_public_key_in_the_settings_is_as_good(ask, remote, private_key, entry, server):
    del entry["jwks_url"]
    entry["public_key"] = (
        private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    )

    assert ask(sign(private_key)).status_code == 200
    assert server.requests == []


def test_elliptic_curves_are_read_too(ask, remote, entry):
    key = ec.generate_private_key(ec.SECP256R1())
    del entry["jwks_url"]
    entry["public_key"] = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    entry["algorithms"] = ["ES256", "RS256"]

    assert ask(sign(key, algorithm="ES256")).status_code == 200
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert_refused(ask(sign(rsa_key, algorithm="RS256")))


# Attacks


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "soon"},
        {"exp": []},
        {"exp": float("inf")},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": []},
        {"iss": "program-enrollments"},
        {"aud": "another-service"},
        {"aud": None},
        {"aud": {}},
        {"preferred_username": None},
        {"preferred_username": 1},
        {"preferred_username": ""},
        {"preferred_username": "nul\x00"},
        {"preferred_username": "nobody-here"},
    ],
)
def test_a_signed_token_with_wrong_claims_is_refused(ask, remote, private_key, changes):
    assert_refused(ask(sign(private_key, **changes)))


def test_a_token_signed_by_someone_else_is_refused(ask, remote, other_private_key):
    assert_refused(ask(sign(other_private_key)))


def test_a_token_with_an_unknown_key_id_is_refused(ask, remote, private_key):
    assert_refused(ask(sign(private_key, "unknown")))


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", ["", "eA"])
def test_a_token_without_a_signature_is_refused(ask, remote, name, signature):
    header = {"alg": name, "typ": "JWT", "kid": "first"}

    assert_refused(ask(f"{encode(header)}.{encode(make_claims())}.{signature}"))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("algorithms", [["RS256"], ["RS256", "PS256"]])
def test_a_token_made_with_the_public_key_is_refused(ask, remote, private_key, entry, encoding, algorithms):
    entry["algorithms"] = algorithms
    public = private_key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{encode({'alg': 'HS256', 'kid': 'first'})}.{encode(make_claims())}"
    signature = hmac.new(public, signed.encode(), hashlib.sha256).digest()

    assert_refused(ask(f"{signed}.{encode(signature)}"))


def test_an_algorithm_that_is_not_listed_is_refused(ask, remote, private_key):
    assert_refused(ask(sign(private_key, algorithm="RS512")))


def test_a_changed_token_is_refused(ask, remote, private_key):
    header, _, signature = sign(private_key).split(".")

    assert_refused(ask(f"{header}.{encode(make_claims(preferred_username='staff'))}.{signature}"))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "RS256", "kid": 1},
        {"alg": "RS256", "kid": ["first"]},
        {"alg": ["RS256"], "kid": "first"},
        {"alg": {}},
        {"alg": "RS256", "kid": "first", "crit": ["exp"]},
        {"alg": "RS256", "kid": "first", "b64": False},
        {"alg": "RS256", "jku": "https://evil.example/jwks.json"},
        {},
        [],
        b"[" * 3000,
        b"{" * 3000,
        b"\xff\xfe",
        b"",
    ],
)
@pytest.mark.parametrize("payload", [None, [], b"[" * 3000, b"\xff"])
def test_a_malformed_token_is_refused(ask, remote, header, payload):
    payload = make_claims() if payload is None else payload

    assert_refused(ask(f"{encode(header)}.{encode(payload)}.{encode(b'x')}"))


def test_a_key_that_comes_with_the_token_is_not_believed(ask, remote, other_private_key):
    headers = {"jwk": describe(other_private_key, "first"), "kid": "first"}

    assert_refused(ask(sign(other_private_key, headers=headers)))


@pytest.mark.parametrize(
    "header", ["JWT", "Bearer", "JWT a b", "JWT a.b", "JWT a.b.c.d", "Bearer a.b.c", "Bearer \xff"]
)
def test_a_header_that_holds_no_token_is_refused(anonymous_client, header):
    assert_refused(anonymous_client.get(READABLE, headers={"Authorization": header}))


def test_an_issuer_that_is_not_listed_is_refused(ask, remote, private_key, settings):
    settings.TRUSTED_JWT_ISSUERS = []

    assert_refused(ask(sign(private_key)))


# Accounts


def test_an_inactive_account_is_refused(ask, entry, private_key):
    UserFactory(username="remote", is_active=False)

    assert_refused(ask(sign(private_key)))


def test_an_account_is_made_on_first_sight_where_the_entry_says_so(ask, entry, private_key):
    entry["create_users"] = True

    statuses = [ask(sign(private_key, preferred_username="newcomer")).status_code for _ in range(2)]

    assert statuses == [200, 200]
    user = User.objects.get()
    assert (user.username, user.has_usable_password(), user.is_staff) == ("newcomer", False, False)


@pytest.mark.parametrize("username", ["with space", "x" * 151, "<script>"])
def test_no_account_is_made_with_an_impossible_name(ask, entry, private_key, username):
    entry["create_users"] = True

    assert_refused(ask(sign(private_key, preferred_username=username)))
    assert not User.objects.exists()


@pytest.mark.parametrize("creates", [True, False])
def test_a_foreign_token_cannot_stand_for_a_partner_application(ask, entry, private_key, creates):
    entry["create_users"] = creates
    application = make_application("enrollments:read")

    assert_refused(ask(sign(private_key, preferred_username=application.user.username)))


# Scopes


@pytest.mark.parametrize(
    ("entry_changes", "claims", "status"),
    [
        ({}, {}, 200),
        ({}, {"scopes": ["enrollments:read"]}, 200),
        ({}, {"scope": "openid enrollments:read"}, 200),
        ({}, {"scopes": ["grades:read"]}, 403),
        ({}, {"scopes": []}, 403),
        ({}, {"scopes": 1}, 403),
        ({"narrow_by_scopes": False}, {"scopes": ["email", "profile"]}, 200),
        ({"narrow_by_scopes": False}, {"scopes": ["email"], "is_restricted": False}, 200),
        ({"narrow_by_scopes": False}, {"scopes": ["email"], "is_restricted": True}, 403),
    ],
)
def test_scopes_narrow_a_token(anonymous_client, remote, private_key, entry, program, entry_changes, claims, status):
    entry.update(entry_changes)
    RoleAssignmentFactory(user=remote, program_uuid=program.uuid)

    response = anonymous_client.get(
        f"/api/program_enrollments/v1/programs/{program.uuid}/enrollments/",
        headers={"Authorization": f"JWT {sign(private_key, **claims)}"},
    )

    assert response.status_code == status
