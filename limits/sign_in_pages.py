"""What stands in front of a page where people type their passwords."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from limits.addresses import get_client_address
from limits.usage import TOKEN, count_request


def guard_sign_in_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Limit how often an address may send a password, whatever the username; requests for tokens count with it.

    Each password costs a slow hash, and locks, which hold for one username, do not bound how many are tried.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            usage = count_request(TOKEN, f"address:{get_client_address(request)}")
            if usage.is_exceeded:
                return _refuse(request, usage.reset_seconds)
        return view(request, *args, **kwargs)

    return guarded


def _refuse(request: HttpRequest, seconds: int) -> HttpResponse:
    page = render(request, "limits/too_many_sign_ins.html", {"seconds": seconds}, status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = str(seconds)
    return page
