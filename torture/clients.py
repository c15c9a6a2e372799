"""A partner's client: it asks as docs/partners/retrying.md tells, and it can hang up in the middle."""

import http.client
import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from torture.report import Line

BASE = "/api/program_enrollments/v1"
SECONDS = 60
PATIENCE_SECONDS = 120


class NoFinalAnswerError(Exception):
    """A write was sent again and again, and nobody told what became of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON; None when there is no body."""
        return json.loads(self.body) if self.body else None

    def is_outage(self) -> bool:
        """Tell whether the service said, in the agreed way, that it cannot work for now."""
        if self.status != HTTPStatus.SERVICE_UNAVAILABLE or not self.headers.get("retry-after", "").isdigit():
            return False
        return bool(self.json()["error_code"] == "service_unavailable")

    def __str__(self) -> str:
        return f"{self.status} {self.body[:200]!r}"


class Client:
    """A connection that is kept open, with a token."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port = port
        self.token = token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def send(
        self, method: str, path: str, body: Any = None, *, media_type: str = "application/json", **headers: str
    ) -> Answer:
        """Send bytes as they are, and anything else as JSON. Raises: OSError, HTTPException: there was no answer."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, path, content, self._headers(media_type, headers))
            response = self._connection.getresponse()
            answer = Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        return answer

    def read(self, path: str) -> Answer:
        """GET, once more if a connection that was kept open has been closed meanwhile."""
        if self._is_connected():
            with suppress(OSError, http.client.HTTPException):
                return self.send("GET", path)
        return self.send("GET", path)

    def send_once(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request on a connection of its own, so that none that was kept open can break off."""
        self.close()
        return self.send(method, path, body, **headers)

    def close(self) -> None:
        """Hang up. The next request connects again."""
        self._connection.close()

    def write(self, method: str, path: str, body: Any, *, request_id: str, line: Line, may_fail: bool) -> Answer:
        """Send a write under an Idempotency-Key, its request id, until the answer is final.

        `may_fail`: the service is being hurt, so that outages and connections that break off are no fault. Otherwise
        only one that was kept open may break off, as the server may have closed it meanwhile.
        Raises: NoFinalAnswerError.
        """
        headers = {"Idempotency-Key": request_id, "X-Request-ID": request_id}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            was_kept_open = self._is_connected()
            try:
                answer = self.send(method, path, body, **headers)
            except (OSError, http.client.HTTPException) as fault:
                line.count()
                if not (may_fail or was_kept_open):
                    line.accuse(f"{method}: a new connection broke off: {type(fault).__name__}: {fault}")
                time.sleep(0.1)
                continue
            line.count(answer.status)
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                if not (may_fail and answer.is_outage()):
                    line.accuse(f"{method}: {answer}")
                time.sleep(0.2)
            elif answer.status == HTTPStatus.CONFLICT:
                time.sleep(0.1)
            else:
                return answer
        raise NoFinalAnswerError(f"{method} {path}")

    def hang_up(self, method: str, path: str, body: Any, *, share: float, request_id: str) -> None:
        """Send that share of a request on a connection of its own, and close it without reading the answer."""
        content = json.dumps(body).encode()
        headers = {
            "Host": "127.0.0.1",
            "Content-Length": str(len(content)),
            **self._headers("application/json", {"Idempotency-Key": request_id, "X-Request-ID": request_id}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
                connection.sendall(request[: int(len(request) * share)])
        except OSError:
            return  # nobody was there to hang up on

    def _is_connected(self) -> bool:
        return self._connection.sock is not None

    def _headers(self, media_type: str, more: dict[str, str]) -> dict[str, str]:
        headers = {"Content-Type": media_type, **more}
        return headers | {"Authorization": f"JWT {self.token}"} if self.token else headers


def new_request_id() -> str:
    """Return an id by which a write is found in the history."""
    return f"torture-{uuid4().hex}"
