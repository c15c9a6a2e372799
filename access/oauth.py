"""How the OAuth toolkit issues tokens to partner applications (RFC 6749 section 4.4)."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes
from oauthlib.common import Request

from access.constants import Scope
from access.hashers import SECRETS_OF_AN_APPLICATION, hash_in_vain
from access.issuing import issue_application_token
from access.models import Application
from limits.service import read_basic


class ApplicationScopes(BaseScopes):
    """An application may ask for its allowed scopes, and gets all of them unless it asks for fewer."""

    def get_all_scopes(self) -> dict[str, str]:
        return {scope.value: str(scope.label) for scope in Scope}

    def get_available_scopes(
        self, application: Application | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> Sequence[str]:
        return application.allowed_scopes if application else []

    def get_default_scopes(
        self, application: Application | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> Sequence[str]:
        return self.get_available_scopes(application)


class FormReader(OAuthLibCore):
    """Takes parameters without a value as absent (RFC 6749 section 3.2)."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        parameters = super().extract_body(request)  # type: ignore[no-untyped-call]
        return [(name, value) for name, value in parameters if value]


class PartnerValidator(OAuth2Validator):
    """Accepts an application's secret, and the one before while that is being replaced; issues either kind of token."""

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        client_id, secret = read_basic(request.headers.get("HTTP_AUTHORIZATION", "")) or (
            request.client_id or "",
            request.client_secret or "",
        )
        application: Application | None = self._load_application(client_id, request)  # type: ignore[no-untyped-call]
        if application is None:
            hash_in_vain(secret, times=SECRETS_OF_AN_APPLICATION)  # takes as long as for one that exists
            return False
        return application.accepts_secret(secret)

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        """Store the opaque token's checksum; or put a JSON web token, which needs no storing, in its place."""
        application: Application = request.client
        if str(getattr(request, "token_type", "")).lower() == "jwt":
            token["token_type"] = "JWT"  # noqa: S105 -- published name of this kind
            token["access_token"] = issue_application_token(
                application, scopes=request.scopes, lifetime_seconds=token["expires_in"]
            )
        else:
            super().save_bearer_token(token, request, *args, **kwargs)  # type: ignore[no-untyped-call]
        Application.objects.filter(pk=application.pk).update(last_used_at=timezone.now())
