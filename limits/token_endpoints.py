"""What stands in front of every endpoint that hands out tokens."""

import base64
import binascii
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from operator import attrgetter
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from limits.addresses import get_client_address
from limits.lockout import forget_failed_client, get_lock_seconds, is_client_locked, report_failed_client
from limits.usage import TOKEN, count_request, write_rate_headers

View = Callable[..., HttpResponseBase]


def guard_token_endpoint(view: View) -> View:
    """Limit how often an address, and a client, ask for tokens, and lock out who guesses a client's secret.

    A 401 to a request that names a client counts as a wrong secret. Refusals are 429, in the API's shape and in that
    of OAuth (RFC 6749 section 5.2) at once. Passwords of accounts are guarded where they are checked.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        client_id = _read_client_id(request)
        usage = count_request(TOKEN, f"address:{get_client_address(request)}")
        if client_id and not usage.is_exceeded:
            usage = max(usage, count_request(TOKEN, f"client:{client_id}"), key=attrgetter("sent"))
        if usage.is_exceeded:
            response: HttpResponseBase = _refuse("throttled", "Too many requests for tokens.", usage.reset_seconds)
        elif client_id and is_client_locked(request, client_id):
            response = _refuse("too_many_attempts", "Too many failed attempts.", get_lock_seconds())
        else:
            response = view(request, *args, **kwargs)
            if client_id:
                _learn(request, client_id, response.status_code)
        write_rate_headers(response, usage)
        return response

    return guarded


def _learn(request: HttpRequest, client_id: str, status: int) -> None:
    if status == HTTPStatus.UNAUTHORIZED:
        report_failed_client(request, client_id)
    elif status == HTTPStatus.OK:
        forget_failed_client(request, client_id)


def _read_client_id(request: HttpRequest) -> str:
    """Return the client id of the `Authorization: Basic` header, else of the form; empty if there is none."""
    word, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if word.lower() != "basic":
        return str(request.POST.get("client_id", ""))
    try:
        return unquote_plus(base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[0])
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _refuse(code: str, message: str, seconds: int) -> JsonResponse:
    body = {"developer_message": message, "error_code": code, "error": code, "error_description": message}
    return JsonResponse(body, status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(seconds)})
