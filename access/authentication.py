"""Reading who asks from a request's token (contract section 2)."""

import logging
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from access.credentials import Credentials, identify_jwt, identify_opaque
from access.tokens.exceptions import TokenRefused
from learners.service import User

logger = logging.getLogger(__name__)

HEADER_WORDS = ("jwt", "bearer")
COOKIE_SWITCH = "Use-Jwt-Cookie"
COOKIES = ("edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature")


class TokenAuthentication(BaseAuthentication):
    """`Authorization: JWT <token>` or `Bearer <token>`, or the cookies of an Open edX browser front end.

    JSON web tokens of ours and of trusted issuers are read with either word, opaque tokens with `Bearer`. Whatever is
    wrong with a token, the answer is the same: it tells an attacker nothing.
    """

    def authenticate(self, request: Request) -> tuple[User, Credentials] | None:
        word, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if word.lower() in HEADER_WORDS:
            return _identify(request, token.strip(), is_bearer=word.lower() == "bearer")
        cookie_token = self.read_cookies(request.headers, request.COOKIES)
        if cookie_token is None:
            return None
        identity = _identify(request, cookie_token, is_bearer=False)
        self.enforce_csrf(request)
        return identity

    def authenticate_header(self, request: Request) -> str:
        return 'JWT realm="api"'

    def read_cookies(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str | None:
        """Return the token of the cookies; None if they lack one, or are not to be read."""
        if headers.get(COOKIE_SWITCH, "").lower() != "true" or not all(cookies.get(name) for name in COOKIES):
            return None
        return ".".join(cookies[name] for name in COOKIES)

    def enforce_csrf(self, request: Request) -> None:
        """Raises: PermissionDenied: the request changes something, and lacks the CSRF token.

        Browsers send cookies along with requests that other sites make; a page of ours can also send the token.
        """
        check = CSRFCheck(_no_view)
        check.process_request(request._request)
        if reason := check.process_view(request._request, _no_view, (), {}):
            raise PermissionDenied(f"CSRF Failed: {reason}")


def _identify(request: Request, token: str, *, is_bearer: bool) -> tuple[User, Credentials]:
    try:
        if is_bearer and token.count(".") != 2:
            return identify_opaque(token, uri=request.build_absolute_uri(request.path))
        return identify_jwt(token)
    except TokenRefused as refusal:
        logger.info("A token was refused: %s", refusal)
        raise AuthenticationFailed("The token is not valid.", code="token_not_valid") from refusal


def _no_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
