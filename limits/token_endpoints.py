"""What stands in front of every endpoint that hands out tokens."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from limits.addresses import get_client_address
from limits.basic import read_basic
from limits.lockout import forget_failed_client, get_lock_seconds, is_client_locked, report_failed_client
from limits.usage import TOKEN, Usage, count_request, write_rate_headers

View = Callable[..., HttpResponseBase]


def guard_token_endpoint(view: View) -> View:
    """Limit how often an address asks for tokens.

    Refusals are 429, in the API's shape and in that of OAuth (RFC 6749 section 5.2) at once. Passwords of accounts are
    guarded where they are checked.
    """
    return _guard(view, lambda request: "")


def guard_client_endpoint(view: View) -> View:
    """Limit how often an address, and a client, ask for tokens, and lock out who guesses a client's secret.

    A 401 to a request that names a client counts as a wrong secret. Only right secrets count for the client's rate:
    nobody else can use it up.
    """
    return _guard(view, _read_client_id)


def _guard(view: View, read_client_id: Callable[[HttpRequest], str]) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        client_id = read_client_id(request)
        usage = count_request(TOKEN, f"address:{get_client_address(request)}")
        response: HttpResponseBase
        if usage.is_exceeded:
            response = _refuse_as_throttled(usage)
        elif client_id and is_client_locked(request, client_id):
            response = _refuse("too_many_attempts", "Too many failed attempts.", get_lock_seconds())
        else:
            response = view(request, *args, **kwargs)
            if client_id and response.status_code == HTTPStatus.UNAUTHORIZED:
                report_failed_client(request, client_id)
            elif client_id and response.status_code == HTTPStatus.OK:
                forget_failed_client(request, client_id)
                usage = max(usage, count_request(TOKEN, f"client:{client_id}"), key=attrgetter("sent"))
                if usage.is_exceeded:
                    response = _refuse_as_throttled(usage)
        write_rate_headers(response, usage)
        return response

    return guarded


def _read_client_id(request: HttpRequest) -> str:
    """Return the client id of the `Authorization: Basic` header, else of the form; empty if there is none."""
    basic = read_basic(request.headers.get("Authorization", ""))
    return str(request.POST.get("client_id", "")) if basic is None else basic[0]


def _refuse_as_throttled(usage: Usage) -> JsonResponse:
    return _refuse("throttled", "Too many requests for tokens.", usage.reset_seconds)


def _refuse(code: str, message: str, seconds: int) -> JsonResponse:
    body = {"developer_message": message, "error_code": code, "error": code, "error_description": message}
    return JsonResponse(body, status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(seconds)})
