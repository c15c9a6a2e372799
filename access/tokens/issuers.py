"""The foreign issuers whose tokens are accepted: the setting `TRUSTED_JWT_ISSUERS`, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from access.tokens.public_keys import FAMILY_OF_ALGORITHM, PublicKey, read_pem


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer. Its keys are at `jwks_url`, or it has the one `public_key`.

    `narrow_by_scopes`: what its tokens list in `scopes` are scopes of ours, and a token is good for no others. An
    Open edX LMS lists scopes of its own: there only tokens that it marks `is_restricted` are narrowed.
    """

    issuer: str
    audiences: tuple[str, ...]
    jwks_url: str | None
    public_key: PublicKey | None
    algorithms: tuple[str, ...]
    creates_users: bool
    narrow_by_scopes: bool


KNOWN_FIELDS = {
    "issuer",
    "audience",
    "jwks_url",
    "public_key",
    "algorithms",
    "create_users",
    "narrow_by_scopes",
}


def list_trusted_issuers() -> list[TrustedIssuer]:
    """Return the issuers of the settings. Raises: ImproperlyConfigured."""
    entries = settings.TRUSTED_JWT_ISSUERS
    if not isinstance(entries, list):
        raise ImproperlyConfigured("TRUSTED_JWT_ISSUERS must be a list of objects.")
    issuers = [_read_entry(entry) for entry in entries]
    names = [settings.JWT_ISSUER, *(issuer.issuer for issuer in issuers)]
    if len(set(names)) < len(names):
        raise ImproperlyConfigured("TRUSTED_JWT_ISSUERS: an issuer is listed twice, or equals JWT_ISSUER.")
    return issuers


def find_trusted_issuer(name: object) -> TrustedIssuer | None:
    """Return the issuer with this name (the claim `iss`)."""
    return next((issuer for issuer in list_trusted_issuers() if issuer.issuer == name), None)


def _read_entry(entry: object) -> TrustedIssuer:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("issuer"), str):
        raise ImproperlyConfigured("TRUSTED_JWT_ISSUERS: each entry is an object with an issuer.")
    try:
        return _read_fields(entry)
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"TRUSTED_JWT_ISSUERS, {entry['issuer']}: {error}") from error


def _read_fields(entry: Mapping[str, Any]) -> TrustedIssuer:
    if unknown := set(entry) - KNOWN_FIELDS:
        raise ValueError(f"unknown fields {', '.join(sorted(unknown))}")
    audience, jwks_url, public_key = entry.get("audience"), entry.get("jwks_url"), entry.get("public_key")
    audiences = (audience,) if isinstance(audience, str) else tuple(audience or ())
    if not audiences or not all(audiences):
        raise ValueError("audience is missing")
    if (jwks_url is None) == (public_key is None):
        raise ValueError("give either jwks_url or public_key")
    if jwks_url is not None and urlsplit(str(jwks_url)).scheme not in {"https", "http"}:
        raise ValueError("jwks_url must be a web address")
    algorithms = tuple(entry.get("algorithms", ("RS256",)))
    if not algorithms or not set(algorithms) <= set(FAMILY_OF_ALGORITHM):
        raise ValueError(f"algorithms must be some of {', '.join(FAMILY_OF_ALGORITHM)}")
    for name in ("create_users", "narrow_by_scopes"):
        if not isinstance(entry.get(name, False), bool):
            raise TypeError(f"{name} must be true or false")
    return TrustedIssuer(
        issuer=entry["issuer"],
        audiences=audiences,
        jwks_url=jwks_url,
        public_key=None if public_key is None else read_pem(public_key),
        algorithms=algorithms,
        creates_users=entry.get("create_users", False),
        narrow_by_scopes=entry.get("narrow_by_scopes", True),
    )
