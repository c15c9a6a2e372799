"""gunicorn, started as the image of the service starts it, and other programs of this project."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks import database
from benchmarks.measuring import MemoryWatch

WORKERS = "2"
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running gunicorn."""

    port: int
    memory: MemoryWatch


@contextmanager
def serving() -> Iterator[Server]:
    """Serve while the block lasts. Log lines go to a file in the benchmarks' folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log_file = database.FOLDER / "gunicorn.log"
    with log_file.open("w") as log:
        process = subprocess.Popen(  # noqa: S603 -- our own
            read_command(port),
            cwd=database.ROOT,
            env=os.environ | {"WEB_CONCURRENCY": WORKERS},
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(port, process)
        yield Server(port, MemoryWatch(psutil.Process(process.pid)))
    finally:
        process.terminate()
        process.wait()


def read_command(port: int) -> list[str]:
    """Return the image's command, with this Python and a port of 127.0.0.1."""
    text = (database.ROOT / "Dockerfile").read_text().replace("\\\n", "")
    (found,) = re.findall(r"^CMD (\[.*\])", text, re.MULTILINE)
    command = [f"--bind=127.0.0.1:{port}" if part.startswith("--bind") else part for part in json.loads(found)]
    return [sys.executable, "-m", *command]


@contextmanager
def running(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a Python program of this project while the block lasts. Log lines go to a file in the benchmarks' folder."""
    with (database.FOLDER / "programs.log").open("a") as log:
        process = subprocess.Popen(  # noqa: S603 -- our own
            [sys.executable, *arguments],
            cwd=database.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit("gunicorn did not start; see var/bench/gunicorn.log.")
