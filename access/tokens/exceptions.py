"""Why a token is not accepted."""


class TokenRefused(Exception):
    """The token proves nothing. The message is for our log, never for whoever sent the token."""
