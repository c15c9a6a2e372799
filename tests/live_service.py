"""The service in processes of its own, as in production, on the database of the running test.

with live_service() as service:
    service.request("POST", "/api/token/", body={...})
    service.kill()  # as a crash would
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection

SECONDS = 60


def wait_until(condition, what):
    """Poll until the condition holds; fail if it does not within a minute."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


class LiveService:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def open_request(self, method, path, body=None, headers=None) -> http.client.HTTPConnection:
        """Send a request; the caller reads the answer, or does not, and closes the connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"} | (headers or {}))
        except OSError:
            connection.close()
            raise
        return connection

    def request(self, method, path, body=None, headers=None):
        """Send a request and return the JSON of its answer."""
        with closing(self.open_request(method, path, body, headers)) as connection:
            return json.load(connection.getresponse())

    def is_ready(self) -> bool:
        assert self.process.poll() is None, "the service did not start"
        try:
            self.request("GET", "/health/ready")
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End all its processes at once, without a chance to finish anything."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def hash_password(password: str) -> str:
    """Return the hash of a password as the service makes it: it knows nothing of the quick ones of tests."""
    return make_password(password, hasher="pbkdf2_sha256")


@contextmanager
def live_service(log_file=os.devnull, **environment: str) -> Iterator[LiveService]:
    """Start gunicorn with one worker; it is ready when the block begins, and killed when it ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = f"-m gunicorn config.wsgi --bind 127.0.0.1:{port} --worker-class gthread --threads 2 --no-control-socket"
    with Path(log_file).open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command.split()],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": database_url()} | environment,
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    service = LiveService(port, process)
    try:
        wait_until(service.is_ready, "the service is ready")
        yield service
    finally:
        service.kill()


def database_url() -> str:
    database = connection.settings_dict
    place = {"host": database["HOST"], "port": database["PORT"]}
    return f"postgres://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}?{urlencode(place)}"
