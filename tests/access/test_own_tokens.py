"""Our own tokens: their keys, and what is refused."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

from access.checks import check_signing_keys, check_trusted_issuers
from access.credentials import identify_jwt
from access.issuing import UserAccessToken, UserRefreshToken
from access.roles import get_program_access
from access.tokens.signing import sign_token
from access.tokens.verification import _verify_own_once
from tests.factories.access import RoleAssignmentFactory, make_application

READABLE = "/api/program_enrollments/v1/programs/enrollments/"
RFC_7638_KEY = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgd"
        "AZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur"
        "-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
}


def private_pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def ask(client, token):
    return client.get(READABLE, headers={"Authorization": f"JWT {token}"}).status_code


def test_the_public_keys_check_our_tokens(anonymous_client, learner):
    answer = anonymous_client.get("/.well-known/jwks.json")
    keys = {key["kid"]: jwt.PyJWK(key).key for key in answer.json()["keys"]}
    token = str(UserAccessToken.for_user(learner))

    claims = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=["RS256"],
        audience="program-enrollments",
        issuer="program-enrollments",
    )

    assert claims["sub"] == str(learner.pk)
    assert answer["Cache-Control"] == "public, max-age=600"


def test_the_published_keys_hold_nothing_private(anonymous_client):
    keys = anonymous_client.get("/.well-known/jwks.json").json()["keys"]

    assert [set(key) for key in keys] == [{"kty", "use", "alg", "kid", "n", "e"}]


def test_the_key_id_is_the_thumbprint_of_rfc_7638(anonymous_client, settings):
    example = RSAAlgorithm.from_jwk(RFC_7638_KEY)
    settings.JWT_ADDITIONAL_PUBLIC_KEYS = example.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    keys = anonymous_client.get("/.well-known/jwks.json").json()["keys"]

    assert keys[1]["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_password_buys_a_token_with_all_claims(anonymous_client, learner, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    learner.set_password("correct horse battery")
    learner.save()

    answer = anonymous_client.post("/api/token/", {"username": "learner", "password": "correct horse battery"})

    claims = jwt.decode(answer.json()["access"], options={"verify_signature": False})
    assert claims == {
        "token_type": "access",
        "iss": "program-enrollments",
        "aud": "program-enrollments",
        "sub": str(learner.pk),
        "iat": 1795435200,
        "exp": 1795438800,
        "jti": claims["jti"],
        "preferred_username": "learner",
        "scopes": ["enrollments:read", "enrollments:write", "grades:read", "imports:write"],
        "hash_password": claims["hash_password"],
    }


def test_tokens_of_the_old_key_are_read_until_it_is_taken_away(anonymous_client, learner, settings, private_key):
    old_text = str(UserAccessToken.for_user(learner))
    old_key = load_pem_private_key(settings.JWT_SIGNING_KEY.encode(), password=None)

    settings.JWT_ADDITIONAL_PUBLIC_KEYS = public_pem(old_key)
    settings.JWT_SIGNING_KEY = private_pem(private_key)
    overlap = [ask(anonymous_client, old_text), ask(anonymous_client, UserAccessToken.for_user(learner))]
    published = len(anonymous_client.get("/.well-known/jwks.json").json()["keys"])
    settings.JWT_ADDITIONAL_PUBLIC_KEYS = ""
    afterwards = [ask(anonymous_client, old_text), ask(anonymous_client, UserAccessToken.for_user(learner))]

    assert overlap == [200, 200]
    assert published == 2
    assert afterwards == [401, 200]


def test_a_token_that_was_good_is_refused_once_it_has_expired(anonymous_client, learner, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    text = str(UserAccessToken.for_user(learner))
    answers = []
    for time in ("12:00:00", "13:00:00", "13:00:01"):  # it is good for an hour, and a second for clocks that differ
        time_machine.move_to(f"2026-11-23T{time}Z", tick=False)
        answers.append(ask(anonymous_client, text))

    assert answers == [200, 200, 401]


def test_a_strangers_token_takes_no_memory(anonymous_client):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode({"iss": "elsewhere", "name": "x" * 100_000}, private_pem(stranger), algorithm="RS256")
    before = _verify_own_once.cache_info().currsize

    response = anonymous_client.post("/api/token/verify/", {"token": token})

    assert (response.status_code, _verify_own_once.cache_info().currsize) == (401, before)


def test_a_refresh_token_does_not_open_the_api(anonymous_client, learner):
    assert ask(anonymous_client, UserRefreshToken.for_user(learner)) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None},
        {"sub": "0"},
        {"sub": "²"},
        {"sub": "9" * 40},
        {"sub": "-1"},
        {"sub": 1},
        {"aud": "elsewhere"},
        {"iss": "elsewhere"},
        {"jti": None},
        {"exp": None},
        {"iat": None},
        {"token_type": None},
        {"token_type": "refresh"},
        {"hash_password": None},
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": ["x"]},
        {"client_id": "nul\x00"},
    ],
)
def test_a_token_of_ours_with_wrong_claims_is_refused(anonymous_client, learner, changes):
    claims = UserAccessToken.for_user(learner).payload | changes
    if changes.get("client_id", "") is None:
        claims = claims | {"client_id": None}
    else:
        claims = {name: value for name, value in claims.items() if value is not None}

    assert ask(anonymous_client, sign_token(claims)) == 401


def test_a_token_that_names_the_application_of_another_account_is_refused(anonymous_client, learner):
    application = make_application("enrollments:read")
    claims = UserAccessToken.for_user(learner).payload

    named = [claims | {"client_id": application.client_id, "sub": str(pk)} for pk in (learner.pk, application.user_id)]

    assert [ask(anonymous_client, sign_token(each)) for each in named] == [401, 200]


def test_the_token_of_an_inactive_account_is_refused(anonymous_client, learner):
    token = str(UserAccessToken.for_user(learner))
    learner.is_active = False
    learner.save()

    assert ask(anonymous_client, token) == 401


def test_a_token_that_was_given_out_for_an_earlier_password_is_refused(anonymous_client, learner):
    token = str(UserAccessToken.for_user(learner))
    before = ask(anonymous_client, token)
    learner.set_password("another horse battery")
    learner.save()

    assert (before, ask(anonymous_client, token)) == (200, 401)


def test_a_token_tells_account_and_roles_by_one_query(learner, django_assert_num_queries):
    token = str(UserAccessToken.for_user(learner))
    RoleAssignmentFactory(user=learner, role="reader", organization_key="UCDavis")

    with django_assert_num_queries(1):
        access = get_program_access(*identify_jwt(token))

    assert access.roles_by_organization == {"UCDavis": {"reader"}}


def test_the_token_of_a_deleted_account_is_refused(anonymous_client, learner):
    token = str(UserAccessToken.for_user(learner))
    learner.delete()

    assert ask(anonymous_client, token) == 401


def test_a_text_that_is_no_key_is_an_error_at_start(settings):
    settings.JWT_SIGNING_KEY = "no key"

    assert [error.id for error in check_signing_keys()] == ["access.E001"]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        "text",
        {"issuer": "a"},
        {"issuer": "a", "audience": "b"},
        {"issuer": "a", "audience": "b", "jwks_url": "ftp://x"},
        {"issuer": "a", "audience": "b", "jwks_url": 1},
        {"issuer": "a", "audience": "b", "jwks_url": "https://x", "public_key": "y"},
        {"issuer": "a", "audience": "b", "public_key": "no key"},
        {"issuer": "a", "audience": "b", "jwks_url": "https://x", "algorithms": ["HS256"]},
        {"issuer": "a", "audience": "b", "jwks_url": "https://x", "algorithms": ["none"]},
        {"issuer": "a", "audience": "b", "jwks_url": "https://x", "algorithms": []},
        {"issuer": "a", "audience": "b", "jwks_url": "https://x", "alg": "RS256"},
        {"issuer": "a", "audience": "b", "jwks_url": "https://x", "create_users": "false"},
        {"issuer": "a", "audience": "b", "jwks_url": "https://x", "narrow_by_scopes": 0},
        {"issuer": "program-enrollments", "audience": "b", "jwks_url": "https://x"},
    ],
)
def test_a_wrong_issuer_is_an_error_at_start(settings, entry):
    settings.TRUSTED_JWT_ISSUERS = [entry]

    assert [error.id for error in check_trusted_issuers()] == ["access.E002"]


def test_the_settings_of_development_pass_the_checks(settings):
    settings.TRUSTED_JWT_ISSUERS = [
        {"issuer": "https://a", "audience": ["b", "c"], "jwks_url": "https://x", "algorithms": ["RS512"]}
    ]

    assert [*check_signing_keys(), *check_trusted_issuers()] == []


def test_a_short_rsa_key_is_an_error_at_start(settings):
    short_key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- what is refused
    settings.JWT_SIGNING_KEY = private_pem(short_key)
    assert [error.id for error in check_signing_keys()] == ["access.E001"]
