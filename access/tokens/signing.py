"""Our own tokens: RS256, with keys that can be exchanged while tokens of the old one are still about."""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from jwcrypto.jwk import JWK

from access.tokens.public_keys import PublicKey, read_pem

ALGORITHM = "RS256"
MIN_KEY_BITS = 2048
PEM_BLOCK = re.compile(r"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.DOTALL)


def sign_token(claims: dict[str, Any]) -> str:
    """Return a token with these claims and ours on who issued it for whom (iss, aud)."""
    key = _read_private_key(settings.JWT_SIGNING_KEY)
    claims = {"iss": settings.JWT_ISSUER, "aud": settings.JWT_AUDIENCE, **claims}
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": compute_thumbprint(key.public_key())})


def list_own_keys() -> list[PublicKey]:
    """Return the keys with which our tokens are checked. Raises: ValueError, for settings that hold no RSA keys."""
    return list(_read_own_keys(settings.JWT_SIGNING_KEY, settings.JWT_ADDITIONAL_PUBLIC_KEYS))


def describe_own_keys() -> dict[str, Any]:
    """Return our public keys as a JWK set (RFC 7517)."""
    return {
        "keys": [
            {**JWK.from_pyca(key.key).export_public(as_dict=True), "use": "sig", "alg": ALGORITHM, "kid": key.key_id}
            for key in list_own_keys()
        ]
    }


def compute_thumbprint(key: RSAPublicKey) -> str:
    """Return the key's thumbprint (RFC 7638), which is its id: the same wherever and whenever it is computed."""
    thumbprint: str = JWK.from_pyca(key).thumbprint()
    return thumbprint


@lru_cache(maxsize=8)
def _read_private_key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("JWT_SIGNING_KEY must hold an RSA key.")
    if key.key_size < MIN_KEY_BITS:
        raise ValueError(f"JWT_SIGNING_KEY must have {MIN_KEY_BITS} bits at least.")
    return key


@lru_cache(maxsize=8)
def _read_own_keys(signing_pem: str, additional_pems: str) -> tuple[PublicKey, ...]:
    signing_key = _read_private_key(signing_pem).public_key()
    keys = [PublicKey(key_id=None, family="RSA", key=signing_key)]
    keys += [read_pem(block) for block in PEM_BLOCK.findall(additional_pems)]
    if any(key.family != "RSA" for key in keys):
        raise ValueError("JWT_ADDITIONAL_PUBLIC_KEYS must hold RSA keys.")
    return tuple(replace(key, key_id=compute_thumbprint(key.key), algorithm=ALGORITHM) for key in keys)
