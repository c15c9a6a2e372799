"""Checks of the settings: mistakes in keys and issuers show at start, not at the first token."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from access.tokens.issuers import list_trusted_issuers
from access.tokens.signing import list_own_keys


@register(Tags.security)
def check_signing_keys(**kwargs: Any) -> list[CheckMessage]:
    """Refuse keys that cannot sign or check tokens."""
    try:
        list_own_keys()
    except (TypeError, ValueError) as error:
        hint = "Both hold RSA keys in PEM form; `openssl genrsa 2048` makes a signing key."
        return [Error(f"JWT_SIGNING_KEY or JWT_ADDITIONAL_PUBLIC_KEYS: {error}", hint=hint, id="access.E001")]
    return []


@register(Tags.security)
def check_trusted_issuers(**kwargs: Any) -> list[CheckMessage]:
    """Refuse entries that are incomplete or that trust more than they should."""
    try:
        list_trusted_issuers()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="access.E002")]
    return []
