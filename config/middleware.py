"""Middleware of the whole site."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def utf8_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Read every request as UTF-8 (contract: "JSON in and out (UTF-8)").

    Django would follow a charset named in Content-Type, also to codecs that are not text encodings, and fail.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.encoding = "utf-8"
        return get_response(request)

    return middleware
