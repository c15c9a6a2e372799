"""The front door of tracing: which request is being served, and who sent it.

Answers, log lines and history rows carry it. Outside of a request, as in commands, all of it is empty.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of the current request; `client_id` is the partner application's, empty for people."""

    request_id: str = ""
    user_id: int | None = None
    client_id: str = ""


NO_REQUEST = Trace()
_current = ContextVar("trace", default=NO_REQUEST)


@contextmanager
def traced(request_id: str) -> Iterator[None]:
    """Serve one request under this id."""
    token = _current.set(Trace(request_id))
    try:
        yield
    finally:
        _current.reset(token)


def note_requester(*, user_id: int | None, client_id: str = "") -> None:
    """Say who sent the current request, once that is known."""
    _current.set(replace(_current.get(), user_id=user_id, client_id=client_id))


def get_trace() -> Trace:
    """Return what is known of the current request."""
    return _current.get()


def get_request_id() -> str:
    """Return the id of the current request, or an empty text."""
    return _current.get().request_id


def get_client_id() -> str:
    """Return the partner application that sent the current request, or an empty text."""
    return _current.get().client_id
