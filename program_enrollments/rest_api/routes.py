"""Building routes."""

from typing import Any

from django.urls import URLPattern, path


def both_spellings(route: str, view: Any, name: str) -> list[URLPattern]:
    """Return the route without and with its trailing slash, since a redirected POST loses its body.

    `route` is given with the slash; `reverse` gives it with the slash too.
    """
    return [path(route.removesuffix("/"), view, name=name), path(route, view, name=name)]
