"""A stand-in of a foreign issuer: keys that can be exchanged, and tokens signed with them."""

import json
import time

import jwt
from jwt.algorithms import RSAAlgorithm

from tests.local_server import Answer

ISSUER = "https://lms.example/oauth2"
AUDIENCE = "lms-key"


def describe(private_key, kid):
    """Return the public key as a JWK."""
    return {**RSAAlgorithm.to_jwk(private_key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


class KeyServer:
    """Answers with its `keys`; `status` and `body` play a server that is down or confused."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.status = 200
        self.body = None
        self.delay_seconds = 0.0

    def __call__(self, request):
        body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
        return Answer(status=self.status, body=body, delay_seconds=self.delay_seconds)


def make_claims(**changes):
    """Return the claims of a token that is good now; a change to None takes the claim away."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "a1b2",
        "iat": now,
        "exp": now + 300,
        "preferred_username": "remote",
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def sign(private_key, kid="first", algorithm="RS256", headers=None, **changes):
    """Return a token of the issuer."""
    headers = {"kid": kid} if headers is None else headers
    payload = json.dumps(make_claims(**changes)).encode()  # PyJWT itself would not write some of them
    return jwt.api_jws.encode(payload, private_key, algorithm=algorithm, headers=headers)
