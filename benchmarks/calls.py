"""Requests to the service: within this process, through all of its middleware, or over HTTP."""

import http.client
import json
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from benchmarks.load_client import API, program_path
from config.wsgi import application

NAIVE = "/naive/"


class InProcess:
    """Calls the WSGI application as gunicorn does."""

    def __init__(self, token: str) -> None:
        self._factory = RequestFactory(HTTP_AUTHORIZATION=f"JWT {token}", SERVER_NAME="127.0.0.1")

    def get(self, path: str) -> bytes:
        """Return the body of an answer. Raises: RuntimeError: it is an error."""
        return self._ask(self._factory.get(path))

    def put(self, path: str, records: list[dict[str, str]]) -> None:
        """Send records. Raises: RuntimeError: not all of them were written."""
        self._ask(self._factory.put(path, json.dumps(records), content_type="application/json"))

    def _ask(self, request: WSGIRequest) -> bytes:
        statuses: list[str] = []
        response: Any = application(dict(request.environ), lambda status, headers: statuses.append(status))
        try:
            body = b"".join(response)
        finally:
            response.close()
        if not statuses[0].startswith("200"):
            raise RuntimeError(f"{request.path}: {statuses[0]} {body[:300]!r}")
        return body


class OverHttp:
    """A client on one connection that stays open."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"JWT {token}", "Content-Type": "application/json"}

    def put(self, path: str, records: list[dict[str, str]]) -> None:
        """Send records. Raises: RuntimeError: not all of them were written."""
        self._connection.request("PUT", path, json.dumps(records), self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")

    def count_bytes(self, path: str) -> int:
        """Return the length of an answer, of which nothing is kept."""
        self._connection.close()  # others took their turn meanwhile, and gunicorn closes what is idle for so long
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        size = 0
        while chunk := response.read(1 << 16):
            size += len(chunk)
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {response.status}")
        return size


def listing_path(program_uuid: UUID, run_key: str | None = None) -> str:
    """Return the path of a program's listing, or of one of its course runs."""
    return program_path(str(program_uuid), run_key)


def naive_path(program_uuid: UUID) -> str:
    """Return the path at which the naive version lists and writes."""
    return f"{NAIVE}programs/{program_uuid}/enrollments/"


def overview_path(program_uuid: UUID, username: str) -> str:
    """Return the path of a learner's overview of a program."""
    return f"{API}users/{username}/programs/{program_uuid}/courses/"


def grades_path(program_uuid: UUID, run_key: str) -> str:
    """Return the path of the grades of a course run."""
    return f"{API}programs/{program_uuid}/courses/{run_key}/grades/"


def cursor(place: int, *, backwards: bool = False) -> str:
    """Return the query of the page after an id, or before it."""
    token = urlencode({"r": 1, "p": place} if backwards else {"p": place})
    return "?" + urlencode({"cursor": b64encode(token.encode()).decode()})
