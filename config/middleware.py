"""Middleware of the whole site."""

import logging
import re
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from uuid import uuid4

from csp.middleware import CSPMiddleware
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.health import PROBES
from program_enrollments.outages import is_outage
from program_enrollments.rest_api.fallbacks import service_unavailable
from tracing.log_lines import name_route
from tracing.service import get_trace, note_requester, traced

logger = logging.getLogger(__name__)

NOTHING_IN_A_BROWSER = "default-src 'none'; frame-ancestors 'none'"
NO_FEATURES = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "geolocation", "microphone", "payment", "publickey-credentials-get", "usb")
)
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def trace_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Serve each request under an id, send it back as `X-Request-ID`, and log one line for each answer.

    The caller's own id is taken if it has 1 to 128 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`. The line is
    logged when the answer has been sent, or its sending was given up; the time it tells ends before the sending.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
        with traced(request_id):
            response = get_response(request)
            response["X-Request-ID"] = request_id
            seconds = time.monotonic() - started
            _call_when_sent(response, partial(copy_context().run, _log_answer, request, response, seconds=seconds))
        return response

    return middleware


def _call_when_sent(response: HttpResponse, act: Callable[[], object]) -> None:
    close = response.close

    def close_and_act() -> None:
        response.close = close  # type: ignore[method-assign]  # once, however often it is closed
        try:
            close()
        finally:
            act()

    response.close = close_and_act  # type: ignore[method-assign]  # servers call the response's own


def _note_owner_of_session(request: HttpRequest) -> None:
    session = getattr(request, "session", None)
    if session is not None and session.accessed and SESSION_KEY in session:
        note_requester(user_id=int(session[SESSION_KEY]))


def _log_answer(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    if get_trace().user_id is None and response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
        _note_owner_of_session(request)
    fields = {
        "method": request.method,
        "route": name_route(request),
        "status": response.status_code,
        "duration_ms": round(seconds * 1000),
    }
    level = logging.DEBUG if request.path_info.rstrip("/") in PROBES else logging.INFO
    logger.log(level, "%(method)s %(route)s: %(status)s in %(duration_ms)s ms", fields, extra=fields)


class PagePolicyMiddleware(CSPMiddleware):
    """Gives pages their content security policy, and lets all other answers do nothing in a browser.

    No page needs the devices of its reader: browsers are told so, that nothing foreign in one gets at them.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers["Permissions-Policy"] = NO_FEATURES
        if response.headers.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        response.headers.setdefault("Content-Security-Policy", NOTHING_IN_A_BROWSER)
        return response


class AnswerOutages:
    """Answer 503 where a view finds that the database, or the catalog, cannot be used for now.

    The views of the API answer so themselves; this is for the admin, the token endpoints and the rest.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Leave what is no outage to Django."""
        if not is_outage(exception):
            return None
        logger.error("A request was not served: %s.", type(exception).__name__)
        return service_unavailable(request)


def utf8_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Read every request as UTF-8 (contract: "JSON in and out (UTF-8)").

    Django would follow a charset named in Content-Type, also to codecs that are not text encodings, and fail.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.encoding = "utf-8"
        return get_response(request)

    return middleware
