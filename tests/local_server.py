"""A real HTTP server on 127.0.0.1 that plays a remote service, answering as a test says.

def answer(request):
    return Answer(body={"results": []}) if request.path == "/api/v1/programs/" else Answer(status=404)

with local_server(answer) as server:
    call_command("load_catalog", url=server.url)
assert [request.path for request in server.requests] == ["/api/v1/programs/"]
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What the client sent. Header names are matched in any case; `query` maps each name to its last value."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the server sends: bytes as they are, anything else as JSON.

    The client is kept waiting for `delay_seconds` first, at most until the server closes: a long delay plays a
    server that hangs without making the test slow.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0


class LocalServer(ThreadingHTTPServer):
    """The running server; `requests` lists what came in, in order of arrival."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.requests: list[Request] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that gave up waiting is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: LocalServer

    def _serve(self) -> None:
        address = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=address.path,
            query={name: values[-1] for name, values in parse_qs(address.query, keep_blank_values=True).items()},
            headers=self.headers,
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        self.server.requests.append(request)
        answer = self.server.answer(request)
        if answer.delay_seconds:
            self.server.closing.wait(answer.delay_seconds)
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's own output clean."""


@contextmanager
def local_server(answer: Callable[[Request], Answer]) -> Iterator[LocalServer]:
    """Serve `answer` on a free port of 127.0.0.1, each request in a thread of its own, until the block ends."""
    server = LocalServer(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
