"""Building routes."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter


class AnyTextConverter(StringConverter):
    """Takes whatever stands in the path, slashes and line breaks included: the view tells what it is not."""

    regex = "(?s:.+)"


register_converter(AnyTextConverter, "any")


def both_spellings(route: str, view: Any, name: str) -> list[URLPattern]:
    """Return the route without and with its trailing slash, since a redirected POST loses its body.

    `route` is given with the slash; `reverse` gives it with the slash too.
    """
    return [path(route.removesuffix("/"), view, name=name), path(route, view, name=name)]


def one_at_a_time(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let the requests for a view of a process wait for each other.

    For the description of the API: two that are the first of their process trip over each other's imports.
    """
    turn = threading.Lock()

    @wraps(view)
    def wait(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with turn:
            return view(request, *args, **kwargs)

    return wait
