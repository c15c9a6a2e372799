"""What a request proved about who sent it: the account, and what its token is good for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from oauth2_provider.models import get_access_token_model
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.utils import get_md5_hash_password

from access.models import Application
from access.subjects import HeldRole, find_subject
from access.tokens.exceptions import TokenRefused
from access.tokens.issuers import TrustedIssuer
from access.tokens.verification import verify_token
from learners.service import User, get_or_create_passwordless_account

ACCESS_TOKEN_TYPE = "access"  # noqa: S105 -- a claim's value


@dataclass(frozen=True, slots=True)
class Credentials:
    """What came with a request. `scopes` None: not narrowed; `application` None: an account of its own.

    `roles` are those that the account and its groups hold; None: not read yet.
    """

    scopes: frozenset[str] | None = None
    application: Application | None = None
    roles: tuple[HeldRole, ...] | None = None


def identify_jwt(token: str) -> tuple[User, Credentials]:
    """Return the account that a JSON web token stands for; one query. Raises: TokenRefused."""
    verified = verify_token(token)
    if verified.issuer is not None:
        return _identify_foreign(verified.claims, verified.issuer)
    if verified.claims.get("token_type") != ACCESS_TOKEN_TYPE:
        raise TokenRefused("no access token")
    return identify_own(verified.claims)


def identify_own(claims: Mapping[str, Any]) -> tuple[User, Credentials]:
    """Return the account that the claims of a token of ours, of any kind, stand for; one query.

    Raises: TokenRefused: the account or its application is not to be used, or the person's password was changed since.
    """
    user_id = _read_user_id(claims["sub"])
    client_id = _read_text(claims, "client_id") if "client_id" in claims else None
    subject = find_subject(user_id, client_id)
    if subject is None:
        raise TokenRefused("no active account")
    if client_id is not None:
        return _as_application(subject.application, _read_scopes(claims) or (), roles=subject.roles)
    user = _require_active(subject.user)
    if claims.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
        raise TokenRefused("password changed")
    return user, Credentials(scopes=_read_scopes(claims), roles=subject.roles)


def identify_opaque(token: str, *, uri: str) -> tuple[User, Credentials]:
    """Return the account of an opaque token that is good for this address; one query. Raises: TokenRefused."""
    tokens = get_access_token_model().objects.select_related("application__user")
    row = tokens.filter(token_checksum=sha256(token.encode()).hexdigest()).first()
    if row is None or row.is_expired() or not row.allows_audience(uri):
        raise TokenRefused("unknown, expired or for another service")
    return _as_application(row.application, row.scope.split())


def _as_application(
    application: Application | None, scopes: Iterable[str], roles: tuple[HeldRole, ...] | None = None
) -> tuple[User, Credentials]:
    if application is None or not application.is_usable(None):
        raise TokenRefused("application revoked")
    # A scope that was taken from the application is gone from its tokens at once.
    narrowed = frozenset(scopes) & frozenset(application.allowed_scopes)
    return application.account, Credentials(scopes=narrowed, application=application, roles=roles)


def _identify_foreign(claims: Mapping[str, Any], issuer: TrustedIssuer) -> tuple[User, Credentials]:
    username = _read_text(claims, "preferred_username")
    # A partner's account is signed in to with the application's secret, and in no other way.
    is_service_account = Exists(Application.objects.filter(user=OuterRef("pk")))
    user = User.objects.filter(~is_service_account, username=username).first()
    if user is None and issuer.creates_users:
        user = _create_account(username)
    is_narrowed = issuer.narrow_by_scopes or claims.get("is_restricted") is True
    return _require_active(user), Credentials(scopes=_read_scopes(claims) if is_narrowed else None)


def _create_account(username: str) -> User:
    try:
        user = get_or_create_passwordless_account(username)
    except ValidationError as error:
        raise TokenRefused("impossible username") from error
    if Application.objects.filter(user=user).exists():
        raise TokenRefused("service account")
    return user


def _require_active(user: User | None) -> User:
    if user is None or not user.is_active:
        raise TokenRefused("no active account")
    return user


def _read_text(claims: Mapping[str, Any], name: str) -> str:
    text = claims.get(name)
    if not isinstance(text, str) or not text or "\x00" in text:  # PostgreSQL has no text with a NUL
        raise TokenRefused(f"no {name}")
    return text


def _read_user_id(subject: str) -> int:
    if not (subject.isascii() and subject.isdigit() and len(subject) < 19):
        raise TokenRefused("impossible subject")
    return int(subject)


def _read_scopes(claims: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the scopes that a token lists; None if it has no such claim."""
    scopes = claims.get("scopes", claims.get("scope"))
    if scopes is None:
        return None
    if isinstance(scopes, str):
        scopes = scopes.split()
    return frozenset(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else frozenset()
