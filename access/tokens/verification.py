"""Checking a token: who issued it, with which key, for whom, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from django.utils import timezone

from access.tokens import signing
from access.tokens.exceptions import ForeignToken, TokenRefused
from access.tokens.issuers import TrustedIssuer, find_trusted_issuer
from access.tokens.key_sets import find_issuer_keys
from access.tokens.public_keys import PublicKey

CLOCK_TOLERANCE_SECONDS = 1
REMEMBERED_TOKENS = 1024
OWN_CLAIMS = ("iss", "aud", "sub", "iat", "exp", "jti")
FOREIGN_CLAIMS = ("iss", "aud", "exp")


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token's claims, and the foreign issuer that signed it (None: we did)."""

    claims: Mapping[str, Any]
    issuer: TrustedIssuer | None


def verify_token(token: str) -> VerifiedToken:
    """Return what a token proves. Raises: TokenRefused."""
    try:
        return VerifiedToken(claims=verify_own_token(token), issuer=None)
    except ForeignToken as foreign:
        header, issuer = foreign.header, find_trusted_issuer(foreign.claims.get("iss"))
    if issuer is None:
        raise TokenRefused("unknown issuer")
    algorithm, key_id = _read_header(header, issuer.algorithms)
    if issuer.jwks_url is None:
        keys = [issuer.public_key] if issuer.public_key else []
        keys = [key for key in keys if key.fits(key_id=key_id, algorithm=algorithm)]
    else:
        keys = find_issuer_keys(issuer.jwks_url, key_id=key_id, algorithm=algorithm)
    claims = _verify_with_any(
        token, keys, algorithm, issuer=issuer.issuer, audience=issuer.audiences, required=FOREIGN_CLAIMS
    )
    return VerifiedToken(claims=claims, issuer=issuer)


def verify_own_token(token: str) -> dict[str, Any]:
    """Return the claims of a token that we signed, of any kind. Raises: TokenRefused (ForeignToken)."""
    claims = _verify_own_once(
        token,
        settings.JWT_ISSUER,
        settings.JWT_AUDIENCE,
        settings.JWT_SIGNING_KEY,
        settings.JWT_ADDITIONAL_PUBLIC_KEYS,
    )
    # Of what was verified, this alone ceases to hold as time goes by.
    if int(claims["exp"]) <= timezone.now().timestamp() - CLOCK_TOLERANCE_SECONDS:
        raise TokenRefused("expired")
    return dict(claims)


@lru_cache(maxsize=REMEMBERED_TOKENS)
def _verify_own_once(token: str, issuer: str, audience: str, *keys: str) -> Mapping[str, Any]:
    """Return the claims of a token that we signed. Raises: TokenRefused (ForeignToken).

    A client sends its token with every request, and to verify it each time was a twelfth of a page's time. Nothing is
    remembered but what we signed: strangers would fill the memory with theirs. `keys`: the settings that hold our keys;
    when they change, all is verified anew.
    """
    header, claims = _read_unverified(token)
    if claims.get("iss") != issuer:
        raise ForeignToken(header, claims)
    algorithm, key_id = _read_header(header, (signing.ALGORITHM,))
    fitting = [key for key in signing.list_own_keys() if key_id is not None and key.key_id == key_id]
    return _verify_with_any(token, fitting, algorithm, issuer=issuer, audience=(audience,), required=OWN_CLAIMS)


def _read_unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefused("malformed") from error
    except RecursionError as error:  # its JSON is read before anything proves that it comes from a friend
        raise TokenRefused("nested too deeply") from error
    return parts["header"], parts["payload"]


def _read_header(header: Mapping[str, Any], algorithms: tuple[str, ...]) -> tuple[str, str | None]:
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in algorithms:
        raise TokenRefused("algorithm not listed")
    return algorithm, key_id


def _verify_with_any(
    token: str,
    keys: list[PublicKey],
    algorithm: str,
    *,
    issuer: str,
    audience: tuple[str, ...],
    required: tuple[str, ...],
) -> dict[str, Any]:
    refusal = TokenRefused("no key fits")
    for key in keys:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                issuer=issuer,
                audience=audience,
                leeway=CLOCK_TOLERANCE_SECONDS,
                options={"require": list(required), "enforce_minimum_key_length": True},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            refusal = TokenRefused(type(error).__name__)
        else:
            return claims
    raise refusal
