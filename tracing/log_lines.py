"""How log records become lines: each with its request, none with what could name a learner.

Paths (`users/{username}/…`), queries (`?student_key=…`) and the texts of exceptions (a database error quotes its row)
are where names would come in; they are left out here, whoever logs them.
"""

import copy
import logging
import traceback
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from tracing.service import get_trace

# What gunicorn logs together with the address asked for, or with the line in which it stood.
GUNICORN_LINES_WITH_ADDRESSES = ("Error handling request", "Invalid request from")
CSRF_LOGGER = "django.security.csrf"


class PrivateFormatter(logging.Formatter):
    """Formatter that adds `request_id`, `user_id` and `client_id` to records, and takes names out of them."""

    def __init__(self, *args: Any, with_exception_texts: bool = False, **kwargs: Any) -> None:
        self.with_exception_texts = with_exception_texts
        super().__init__(*args, **kwargs)

    def format(self, record: logging.LogRecord) -> str:
        line = copy.copy(record)
        line.exc_text = None  # another handler's formatter may have kept the exception's text here
        trace = get_trace()
        line.request_id = trace.request_id or "-"
        line.user_id = trace.user_id
        line.client_id = trace.client_id or None
        _leave_out_addresses(line)
        _leave_out_origins(line)
        return super().format(line)

    def formatException(self, ei: Any) -> str:
        if self.with_exception_texts:
            return super().formatException(ei)
        return "".join(_describe_exceptions(ei[1])).rstrip()


class JsonLineFormatter(PrivateFormatter, JsonFormatter):
    """One JSON object for each line, with these fields at most; those that are empty are left out."""

    FIELDS = (
        "timestamp", "level", "logger", "message", "request_id", "user_id", "client_id",
        "method", "route", "status", "duration_ms", "exc_info",
    )  # fmt: skip

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {name: log_data[name] for name in self.FIELDS if log_data.get(name) is not None}


def name_route(request: HttpRequest) -> str:
    """Name the endpoint that a request was for, without the values in its path; `-` if there is none."""
    match = request.resolver_match
    return (match.view_name or match.route) if match else "-"


def _leave_out_addresses(line: logging.LogRecord) -> None:
    request = getattr(line, "request", None)
    if isinstance(request, HttpRequest) and isinstance(line.args, tuple):
        # Django escapes what it logs.
        paths = (request.path, request.path.encode("unicode_escape").decode("ascii"))
        line.args = tuple(name_route(request) if arg in paths else arg for arg in line.args)
    if line.name == "gunicorn.error":
        for beginning in GUNICORN_LINES_WITH_ADDRESSES:
            if str(line.msg).startswith(beginning):
                line.msg, line.args = beginning, None


def _leave_out_origins(line: logging.LogRecord) -> None:
    """Shorten reasons such as `Origin checking failed - <what the caller sent> does not match any trusted origins.`"""
    if line.name == CSRF_LOGGER and isinstance(line.args, tuple):
        line.args = tuple(str(arg).partition(" - ")[0] for arg in line.args)


def _describe_exceptions(error: BaseException | None) -> Iterator[str]:
    """Yield where an exception, and those that led to it, came from, and their types."""
    if error is None:
        return
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    yield from _describe_exceptions(earlier)
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
