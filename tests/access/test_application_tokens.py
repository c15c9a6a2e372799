"""`POST /oauth2/access_token`: partner applications sign in."""

import base64
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.utils import timezone
from oauth2_provider.models import AccessToken

from access.partners import revoke_application, rotate_secret
from tests.factories.access import CLIENT_SECRET, make_application

READABLE = "/api/program_enrollments/v1/programs/enrollments/"


def basic(client_id, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


@pytest.mark.parametrize("path", ["/oauth2/access_token", "/oauth2/access_token/", "/oauth2/token", "/oauth2/token/"])
@pytest.mark.parametrize("kind", [{}, {"token_type": "jwt"}])
def test_a_token_opens_the_api(ask_for_token, anonymous_client, application, path, kind):
    answer = ask_for_token(
        path,
        grant_type="client_credentials",
        client_id=application.client_id,
        client_secret=CLIENT_SECRET,
        **kind,
    )

    assert answer.status_code == 200
    token = answer.json()
    assert token == {
        "access_token": token["access_token"],
        "token_type": "JWT" if kind else "Bearer",
        "expires_in": 3600,
        "scope": "enrollments:read enrollments:write grades:read imports:write",
    }
    headers = {"Authorization": f"{token['token_type']} {token['access_token']}"}
    assert anonymous_client.get(READABLE, headers=headers).status_code == 200


def test_a_json_web_token_says_who_and_for_what(get_token, application, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)

    claims = jwt.decode(get_token(application, token_type="jwt"), options={"verify_signature": False})

    assert claims == {
        "token_type": "access",
        "iss": "program-enrollments",
        "aud": "program-enrollments",
        "sub": str(application.user_id),
        "iat": 1795435200,
        "exp": 1795438800,
        "jti": claims["jti"],
        "preferred_username": application.user.username,
        "scopes": ["enrollments:read", "enrollments:write", "grades:read", "imports:write"],
        "client_id": application.client_id,
    }


def test_basic_authentication_is_as_good_as_a_form(ask_for_token, application):
    answer = ask_for_token(
        grant_type="client_credentials", headers=basic(application.client_id, CLIENT_SECRET), token_type="jwt"
    )

    assert answer.status_code == 200


def test_the_answer_is_not_cached(ask_for_token, application):
    answer = ask_for_token(
        grant_type="client_credentials", client_id=application.client_id, client_secret=CLIENT_SECRET
    )

    assert answer["Cache-Control"] == "no-store"
    assert "refresh_token" not in answer.json()


@pytest.mark.parametrize("kind", ["jwt", "bearer"])
def test_a_token_can_be_narrowed(ask_for_token, application, kind):
    answer = ask_for_token(
        grant_type="client_credentials",
        client_id=application.client_id,
        client_secret=CLIENT_SECRET,
        scope="grades:read",
        token_type=kind,
    )

    assert answer.json()["scope"] == "grades:read"


@pytest.mark.parametrize("name", ["scope", "token_type", "resource", "client_assertion"])
def test_a_parameter_without_a_value_counts_as_absent(ask_for_token, application, name):
    form = {"grant_type": "client_credentials", "client_id": application.client_id, "client_secret": CLIENT_SECRET}

    answers = [ask_for_token(**form).json(), ask_for_token(**form, **{name: ""}).json()]

    assert "access_token" in answers[0]
    assert answers[1] == answers[0] | {"access_token": answers[1].get("access_token")}


def test_credentials_without_values_leave_it_to_the_header(ask_for_token, application):
    answer = ask_for_token(
        grant_type="client_credentials",
        client_id="",
        client_secret="",
        headers=basic(application.client_id, CLIENT_SECRET),
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("scope", ["enrollments:write", "everything", "enrollments:read everything"])
def test_a_scope_that_is_not_allowed_is_refused(ask_for_token, scope):
    application = make_application("enrollments:read")

    answer = ask_for_token(
        grant_type="client_credentials",
        client_id=application.client_id,
        client_secret=CLIENT_SECRET,
        scope=scope,
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"client_id": "{id}"},
        {"client_id": "{id}", "client_secret": ""},
        {"client_id": "{id}", "client_secret": "wrong"},
        {"client_id": "nobody", "client_secret": CLIENT_SECRET},
        {"client_id": "nul\x00", "client_secret": "nul\x00"},
        {"client_id": "{id}", "client_secret": "\N{SNOWMAN}" * 1000},
    ],
)
def test_wrong_credentials_are_refused(ask_for_token, application, credentials):
    form = {name: value.format(id=application.client_id) for name, value in credentials.items()}

    answer = ask_for_token(grant_type="client_credentials", **form)

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer["WWW-Authenticate"] == 'Basic realm="oauth2"'


def test_the_guess_that_locks_is_answered_as_those_before_and_those_after_as_oauth_clients_expect(
    ask_for_token, application, settings
):
    settings.AXES_FAILURE_LIMIT = 3
    form = {"grant_type": "client_credentials", "client_id": application.client_id, "client_secret": "wrong"}

    answers = [ask_for_token(**form) for _ in range(4)]

    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        *[(401, "invalid_client")] * 3,
        (429, "too_many_attempts"),
    ]


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic YQ==", "Basic /w==", "Basic Og==", "Digest YTpi"])
def test_a_malformed_header_is_refused(ask_for_token, header):
    answer = ask_for_token(grant_type="client_credentials", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [
        ("password", "unsupported_grant_type"),
        ("authorization_code", "unsupported_grant_type"),
        ("refresh_token", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:device_code", "unsupported_grant_type"),
        ("", "invalid_request"),
    ],
)
def test_no_other_grant_is_offered(ask_for_token, application, grant_type, error):
    answer = ask_for_token(
        grant_type=grant_type,
        client_id=application.client_id,
        client_secret=CLIENT_SECRET,
        username="learner",
        password="secret",
        code="1",
        refresh_token="1",
    )

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_credentials_in_the_address_are_refused(anonymous_client, application):
    answer = anonymous_client.post(
        f"/oauth2/access_token?grant_type=client_credentials&client_id={application.client_id}"
        f"&client_secret={CLIENT_SECRET}"
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("body", ["[1", "{}", '{"grant_type": 1}'])
def test_a_body_that_is_no_form_is_refused(anonymous_client, body):
    answer = anonymous_client.post("/oauth2/access_token", body, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_refused(anonymous_client, method):
    assert getattr(anonymous_client, method)("/oauth2/access_token").status_code == 405


def test_both_secrets_are_valid_until_the_overlap_ends(ask_for_token, application):
    new_secret = rotate_secret(application.client_id, overlap=timedelta(hours=2)).client_secret

    def ask(secret):
        form = {"client_id": application.client_id, "client_secret": secret}
        return ask_for_token(grant_type="client_credentials", **form).status_code

    assert (ask(CLIENT_SECRET), ask(new_secret)) == (200, 200)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert (ask(CLIENT_SECRET), ask(new_secret)) == (401, 200)


def test_a_rotation_without_overlap_ends_the_old_secret(ask_for_token, application):
    new_secret = rotate_secret(application.client_id, overlap=timedelta()).client_secret

    def ask(secret):
        form = {"client_id": application.client_id, "client_secret": secret}
        return ask_for_token(grant_type="client_credentials", **form).status_code

    assert (ask(CLIENT_SECRET), ask(new_secret)) == (401, 200)


def test_at_most_two_secrets_are_valid(ask_for_token, application):
    rotate_secret(application.client_id, overlap=timedelta(hours=2))
    rotate_secret(application.client_id, overlap=timedelta(hours=2))

    answer = ask_for_token(
        grant_type="client_credentials", client_id=application.client_id, client_secret=CLIENT_SECRET
    )

    assert answer.status_code == 401


@pytest.mark.parametrize("kind", ["jwt", "bearer"])
def test_a_revoked_application_is_refused_with_the_tokens_it_has(
    ask_for_token, get_token, anonymous_client, application, kind
):
    token = get_token(application, token_type=kind)
    revoke_application(application.client_id)

    asked = ask_for_token(grant_type="client_credentials", client_id=application.client_id, client_secret=CLIENT_SECRET)
    opened = anonymous_client.get(READABLE, headers={"Authorization": f"Bearer {token}"})

    assert (asked.status_code, opened.status_code) == (401, 401)
    assert opened.json() == {"developer_message": "The token is not valid.", "error_code": "token_not_valid"}


@pytest.mark.parametrize("kind", ["jwt", "bearer"])
def test_tokens_of_an_inactive_service_account_are_refused(get_token, anonymous_client, application, kind):
    token = get_token(application, token_type=kind)
    application.user.is_active = False
    application.user.save()

    assert anonymous_client.get(READABLE, headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("kind", ["jwt", "bearer"])
def test_tokens_expire(get_token, anonymous_client, application, kind):
    token = get_token(application, token_type=kind)

    with time_machine.travel(timezone.now() + timedelta(seconds=3602)):
        response = anonymous_client.get(READABLE, headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 401


def test_an_opaque_token_is_not_stored_readable(get_token, application):
    get_token(application)

    assert AccessToken.objects.get().token == ""


def test_a_json_web_token_is_not_stored(get_token, application):
    get_token(application, token_type="jwt")

    assert not AccessToken.objects.exists()


def test_an_opaque_token_for_another_service_is_refused(get_token, anonymous_client, application):
    token = get_token(application, resource="https://elsewhere.example/")

    assert anonymous_client.get(READABLE, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_secret_is_stored_hashed(application):
    application.refresh_from_db()

    assert application.client_secret.startswith("pbkdf2_sha256_client_secret$")
    assert CLIENT_SECRET not in application.client_secret


def test_using_an_application_is_noted(get_token, application, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)

    get_token(application)

    application.refresh_from_db()
    assert application.last_used_at == timezone.now()


def test_a_service_account_cannot_sign_in_with_a_password(anonymous_client, application):
    answer = anonymous_client.post("/api/token/", {"username": application.user.username, "password": CLIENT_SECRET})

    assert answer.status_code == 401


def test_the_endpoint_is_described_as_it_answers(schema, ask_for_token, application, settings):
    def find_shown(status):
        examples = described["responses"][str(status)]["content"]["application/json"]["examples"]
        return [example["value"] for example in examples.values()]

    described = schema["paths"]["/oauth2/access_token"]["post"]
    good = {
        "grant_type": "client_credentials",
        "client_id": application.client_id,
        "client_secret": CLIENT_SECRET,
        "scope": "enrollments:read",
    }

    for shown, kind in zip(find_shown(200), ("jwt", "bearer"), strict=True):
        told = ask_for_token(**good, token_type=kind).json()
        assert {name: type(value) for name, value in shown.items()} == {
            name: type(value) for name, value in told.items()
        }
        assert told["token_type"] == shown["token_type"]
    refused = [
        ask_for_token(),
        ask_for_token(**good | {"grant_type": "password"}),
        ask_for_token(**good | {"scope": "everything"}),
        ask_for_token(**good | {"client_secret": "wrong"}),
    ]
    settings.REQUEST_RATES = settings.REQUEST_RATES | {"token": "1/minute"}
    refused.append(ask_for_token(**good))
    assert [answer.status_code for answer in refused] == [400, 400, 400, 401, 429]
    for answer in refused:
        assert answer.json() in find_shown(answer.status_code)
    (form,) = described["requestBody"]["content"].values()
    assert {*good, "token_type"} == form["schema"]["properties"].keys()
