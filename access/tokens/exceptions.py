"""Why a token is not accepted."""


class TokenRefused(Exception):
    """The token proves nothing. The message is for our log, never for whoever sent the token."""


class ForeignToken(TokenRefused):
    """The token names another issuer than us."""
