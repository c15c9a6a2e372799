"""Why a token is not accepted."""

from collections.abc import Mapping
from typing import Any


class TokenRefused(Exception):
    """The token proves nothing. The message is for our log, never for whoever sent the token."""


class ForeignToken(TokenRefused):
    """The token names another issuer than us. `header` and `claims` are what it says, unproven."""

    def __init__(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
        super().__init__("unknown issuer")
        self.header, self.claims = header, claims
