"""What the OpenAPI description says of credentials."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.permissions import SAFE_METHODS

from access.constants import Scope


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
                        "tokenUrl": "/oauth2/access_token",
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
