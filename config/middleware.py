"""Middleware of the whole site."""

import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

from config.health import PROBES
from tracing.log_lines import name_route
from tracing.service import get_trace, note_requester, traced

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def trace_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Serve each request under an id, send it back as `X-Request-ID`, and log one line for each answer.

    The caller's own id is taken if it has 1 to 128 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
        with traced(request_id):
            response = get_response(request)
            response["X-Request-ID"] = request_id
            _log_answer(request, response, seconds=time.monotonic() - started)
        return response

    return middleware


def _log_answer(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    session = getattr(request, "session", None)
    if get_trace().user_id is None and session is not None and session.accessed and SESSION_KEY in session:
        note_requester(user_id=int(session[SESSION_KEY]))
    fields = {
        "method": request.method,
        "route": name_route(request),
        "status": response.status_code,
        "duration_ms": round(seconds * 1000),
    }
    level = logging.DEBUG if request.path_info.rstrip("/") in PROBES else logging.INFO
    logger.log(level, "%(method)s %(route)s: %(status)s in %(duration_ms)s ms", fields, extra=fields)


def utf8_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Read every request as UTF-8 (contract: "JSON in and out (UTF-8)").

    Django would follow a charset named in Content-Type, also to codecs that are not text encodings, and fail.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.encoding = "utf-8"
        return get_response(request)

    return middleware
