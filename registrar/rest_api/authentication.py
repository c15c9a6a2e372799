"""Reading who asks, as Registrar did: like everywhere here, but cookies need no header, and there may be just one."""

from collections.abc import Mapping

from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from access.authentication import COOKIES, TokenAuthentication

WHOLE_COOKIE = "edx-jwt-cookie"


class RegistrarTokenAuthentication(TokenAuthentication):
    """`Authorization: JWT <token>`, or the cookies of an Open edX browser front end.

    The console's links to files are opened by the browser itself, which sends cookies and no header of ours.
    """

    def read_cookies(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str | None:
        if all(cookies.get(name) for name in COOKIES):
            return ".".join(cookies[name] for name in COOKIES)
        return cookies.get(WHOLE_COOKIE) or None

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as refusal:
            raise AuthenticationFailed(refusal.detail) from refusal
