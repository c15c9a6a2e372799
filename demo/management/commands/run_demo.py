"""Serves the demo: what `make run` calls."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from demo import guide
from demo.catalog import CATALOG_FILE
from demo.school import is_demo_catalog_loaded

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 15
WORKER_COMMAND = (sys.executable, "manage.py", "run_worker")


class Command(BaseCommand):
    """`manage.py run_demo`."""

    help = (
        "Migrate the database, load the demo catalog and the demo data, serve, and print how to try the service. "
        "Ctrl-C stops the server and the embedded database. Data stays for the next time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="where to listen on this machine (default 8000)")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("This serves demo data, for which DEBUG must be on; see docs/operations.md.")
        _refuse_busy_port(port)
        # Set one and all: a shell starts background jobs with SIGINT ignored, and the others would end this process
        # before it could stop the server and the embedded database.
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, _interrupt)
        try:
            self._prepare()
            self._serve(port)
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")

    def _prepare(self) -> None:
        self.stdout.write("Preparing the database ...")
        call_command("migrate", verbosity=0)
        if not is_demo_catalog_loaded():
            call_command("load_catalog", str(CATALOG_FILE), verbosity=0)
        call_command("load_demo", stdout=self.stdout)

    def _serve(self, port: int) -> None:
        # In a process group of its own, so that Ctrl-C reaches this process alone, which then ends it in order.
        server = subprocess.Popen(_server_command(port), cwd=settings.BASE_DIR, process_group=0)  # noqa: S603 -- our own
        worker = subprocess.Popen(WORKER_COMMAND, cwd=settings.BASE_DIR, process_group=0)  # noqa: S603 -- our own
        try:
            _wait_until_ready(server, port)
            self.stdout.write(guide.write_guide(f"http://{HOST}:{port}"))
            self.stdout.flush()
            server.wait()
            raise CommandError(f"The server stopped unexpectedly (exit code {server.returncode}).")
        finally:
            _stop(server, worker)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}). Choose another one: make run PORT={port + 1}"
            ) from error


def _server_command(port: int) -> list[str]:
    options = "--worker-class gthread --workers 2 --threads 4 --log-level warning --no-control-socket"
    return [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"{HOST}:{port}", *options.split()]


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if _answers(port):
            return
        time.sleep(0.1)
    raise CommandError("The server did not start; the lines above say why.")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _stop(*processes: subprocess.Popen[bytes]) -> None:
    # A second Ctrl-C would leave them behind.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
