"""What the OpenAPI description says of credentials."""

from copy import deepcopy
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.permissions import SAFE_METHODS

from access.constants import Scope

TOKEN_PATH = "/oauth2/access_token"  # noqa: S105 -- a path


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tokens, with the scope that each operation needs: the view's `read_scope` or `write_scope`."""

    target_class = "access.authentication.TokenAuthentication"
    name = ["oauth2", "jwt", "bearer"]  # noqa: RUF012 -- as the base class declares it

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        attribute = "read_scope" if auto_schema.method in SAFE_METHODS else "write_scope"
        scope = getattr(auto_schema.view, attribute, None)
        return [{"oauth2": [scope.value] if scope else []}, {"jwt": []}, {"bearer": []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return [
            {
                "type": "oauth2",
                "description": "For partner applications: their id and secret buy a token (RFC 6749, section 4.4).",
                "flows": {
                    "clientCredentials": {
                        "tokenUrl": TOKEN_PATH,
                        "scopes": {scope.value: str(scope.label) for scope in Scope},
                    }
                },
            },
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`JWT <token>`, with a JSON web token: ours or a trusted issuer's.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of any kind.",
            },
        ]


def describe_application_tokens(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the endpoint of partners' tokens, whose view is the OAuth toolkit's: none that the generator would find."""
    result["components"]["securitySchemes"]["client"] = {
        "type": "http",
        "scheme": "basic",
        "description": "A partner application's id and secret.",
    }
    result["paths"][TOKEN_PATH] = {"post": deepcopy(APPLICATION_TOKEN)}  # the hooks after this one add to it
    return result


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _answer(description: str, schema: dict[str, Any], **examples: Any) -> dict[str, Any]:
    shown = {name: {"value": value} for name, value in examples.items()}
    return {"description": description, "content": {"application/json": {"schema": schema, "examples": shown}}}


def _refusal(description: str, **sentences: str | None) -> dict[str, Any]:
    """`sentences`: {error: what comes with it, if anything}."""
    schema = _object(
        {
            "error": _text("A word for your program to act on (RFC 6749, section 5.2)."),
            "error_description": _text("A sentence for you, not for your users."),
        },
        "error",
    )
    examples = {
        error: {"error": error} | ({"error_description": sentence} if sentence else {})
        for error, sentence in sentences.items()
    }
    return _answer(description, schema, **examples)


def _throttled(**sentences: str) -> dict[str, Any]:
    """Describe the 429, which has the members of all errors of the API besides those of OAuth."""
    names = ("error", "error_description", "error_code", "developer_message")
    examples = {
        code: dict(zip(names, (code, sentence, code, sentence), strict=True)) for code, sentence in sentences.items()
    }
    schema = _object({name: {"type": "string"} for name in names}, *names)
    return _answer("Too many requests, or wrong secrets. Wait as long as `Retry-After` says.", schema, **examples)


APPLICATION_TOKEN = {
    "operationId": "obtain_application_token",
    "summary": "Exchange a partner application's id and secret for a token",
    "description": "The client credentials grant of OAuth 2.0 (RFC 6749, section 4.4). Id and secret are fields of the"
    " form, or sent by HTTP Basic authentication. There is no refresh token: ask again when the token expires.",
    "tags": ["Tokens"],
    "security": [{}, {"client": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": _object(
                    {
                        "grant_type": _text("There is no other grant.", enum=["client_credentials"]),
                        "client_id": _text("The application's id."),
                        "client_secret": _text("The application's secret.", format="password"),
                        "scope": _text(
                            "What the token shall be good for, separated by blanks; by default for all that the"
                            " application may ask for."
                        ),
                        "token_type": _text(
                            "`jwt` asks for a JSON web token, anything else for an opaque one. Both open the same."
                        ),
                    },
                    "grant_type",
                ),
                "examples": {
                    "Example": {
                        "value": {
                            "grant_type": "client_credentials",
                            "client_id": "ucdavis-sis",
                            "client_secret": "password",
                            "token_type": "jwt",
                        }
                    }
                },
            }
        },
    },
    "responses": {
        "200": _answer(
            "A token.",
            _object(
                {
                    "access_token": _text(
                        "To send along as `Authorization: Bearer <token>`; a JSON web token also as `JWT <token>`."
                    ),
                    "token_type": _text("The kind of the token.", enum=["JWT", "Bearer"]),
                    "expires_in": {"type": "integer", "description": "Seconds for which it is valid."},
                    "scope": _text("What it is good for, separated by blanks."),
                },
                "access_token",
                "token_type",
                "expires_in",
                "scope",
            ),
            JWT={
                "access_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6Ij…In0.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwic3Vi…In0.ODM2YzA3…",
                "token_type": "JWT",
                "expires_in": 3600,
                "scope": "enrollments:read enrollments:write grades:read imports:write",
            },
            Opaque={
                "access_token": "fptfnNoyMonmQMfBj0jgwrlJgvcLYP",
                "token_type": "Bearer",
                "expires_in": 3600,
                "scope": "enrollments:read",
            },
        ),
        "400": _refusal(
            "The request is malformed, or asks for what the application may not have.",
            invalid_request="Request is missing grant type.",
            unsupported_grant_type=None,
            invalid_scope=None,
        ),
        "401": _refusal("There is no such application, or the secret is wrong.", invalid_client=None),
        "429": _throttled(throttled="Too many requests for tokens.", too_many_attempts="Too many failed attempts."),
    },
}
