"""The tokens that we give out."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError

from access.constants import Scope
from access.credentials import ACCESS_TOKEN_TYPE, identify_own
from access.models import Application
from access.tokens.exceptions import TokenRefused
from access.tokens.signing import ALGORITHM, sign_token
from access.tokens.verification import verify_own_token


def issue_application_token(application: Application, *, scopes: list[str], lifetime_seconds: int) -> str:
    """Return a JSON web token with which the application may use these scopes."""
    now = timezone.now()
    return sign_token(
        {
            "token_type": ACCESS_TOKEN_TYPE,
            "sub": str(application.user_id),
            "iat": _as_timestamp(now),
            "exp": _as_timestamp(now + timedelta(seconds=lifetime_seconds)),
            "jti": uuid4().hex,
            "preferred_username": application.account.get_username(),
            "scopes": scopes,
            "client_id": application.client_id,
        }
    )


class SigningBackend(TokenBackend):
    """Signs and checks simplejwt's tokens with the keys of all our tokens."""

    def __init__(self) -> None:
        super().__init__(ALGORITHM)

    def encode(self, payload: dict[str, Any]) -> str:
        return sign_token(payload)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return verify_own_token(token.decode() if isinstance(token, bytes) else token)
        except TokenRefused as error:
            raise TokenBackendError("Token is invalid") from error


class UserAccessToken(tokens.AccessToken):
    """For a person who has a password; good for all that the person may do."""

    _token_backend = SigningBackend()


class OfAnAccountMixin:
    """Refuses tokens of those who could not use them; simplejwt itself asks no more than that an account is active."""

    payload: dict[str, Any]

    def verify(self, *args: Any, **kwargs: Any) -> None:
        super().verify(*args, **kwargs)  # type: ignore[misc]  # the token's
        try:
            identify_own(self.payload)
        except TokenRefused as error:
            raise TokenError("Token is invalid") from error


class UserRefreshToken(OfAnAccountMixin, tokens.RefreshToken):
    """Exchanged for a new access token, until the person's password is changed."""

    _token_backend = UserAccessToken._token_backend
    access_token_class = UserAccessToken

    @classmethod
    def for_user(cls, user: Any) -> Any:
        token = super().for_user(user)
        token["preferred_username"] = user.get_username()
        token["scopes"] = list(Scope.values)
        return token


class AnyUserToken(OfAnAccountMixin, tokens.BlacklistMixin["AnyUserToken"], tokens.UntypedToken):
    """Either of them, unless it is worthless by now."""

    _token_backend = UserAccessToken._token_backend


def _as_timestamp(moment: datetime) -> int:
    return int(moment.timestamp())
