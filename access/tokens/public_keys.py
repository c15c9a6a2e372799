"""Public keys, as tokens are checked with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

FAMILY_OF_ALGORITHM = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
}
"""{algorithm: kind of key}. All have a public key: a token that a public key can make is no proof of anything."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key with its id (None: it has none) and kind: `RSA`, `EC` or `OKP`. `algorithm` None: any of its kind."""

    key_id: str | None
    family: str
    key: Any
    algorithm: str | None = None

    def fits(self, *, key_id: str | None, algorithm: str) -> bool:
        """Tell whether it can have signed a token with this header; a token without a key id may be any key's."""
        return (
            (key_id is None or self.key_id is None or key_id == self.key_id)
            and self.family == FAMILY_OF_ALGORITHM[algorithm]
            and self.algorithm in {None, algorithm}
        )


def read_pem(pem: str) -> PublicKey:
    """Return the public key in a PEM text. Raises: ValueError."""
    try:
        key = load_pem_public_key(pem.encode())
    except UnsupportedAlgorithm as error:
        raise ValueError("The kind of key is unknown.") from error
    match key:
        case RSAPublicKey():
            return PublicKey(key_id=None, family="RSA", key=key)
        case EllipticCurvePublicKey():
            return PublicKey(key_id=None, family="EC", key=key)
        case Ed25519PublicKey() | Ed448PublicKey():
            return PublicKey(key_id=None, family="OKP", key=key)
    raise ValueError("The key cannot sign tokens.")


def read_key_set(keys: Iterable[Any]) -> list[PublicKey]:
    """Return the usable ones of the keys of a JWK set (RFC 7517); others are left out, as its section 5 says."""
    return [key for jwk in keys if isinstance(jwk, Mapping) and (key := _read_jwk(jwk)) is not None]


def _read_jwk(jwk: Mapping[str, Any]) -> PublicKey | None:
    family, key_id, algorithm = jwk.get("kty"), jwk.get("kid"), jwk.get("alg")
    if not isinstance(family, str) or family not in FAMILY_OF_ALGORITHM.values() or jwk.get("use", "sig") != "sig":
        return None
    if not isinstance(key_id, str | None) or not isinstance(algorithm, str | None):
        return None
    try:
        key = jwt.PyJWK(dict(jwk)).key
    except (jwt.PyJWTError, UnsupportedAlgorithm, AttributeError, KeyError, TypeError, ValueError):
        return None
    return PublicKey(key_id=key_id, family=family, key=key, algorithm=algorithm)
