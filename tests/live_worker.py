"""Workers in processes of their own, as in production, on the database of the running test.

with worker_nursery(FILES_FOLDER=…) as start_worker:
    start_worker().kill()  # as a crash would
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tests.live_service import SECONDS, database_url


@dataclass(frozen=True)
class ForkedWorker:
    """A worker of a nursery."""

    pid: int

    def kill(self) -> None:
        """End it at once, without a chance to finish anything."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


@contextmanager
def worker_nursery(log_file=os.devnull, **environment: str) -> Iterator[Callable[[], ForkedWorker]]:
    """Yield what starts a worker within milliseconds; all are killed when the block ends."""
    workers = []
    with Path(log_file).open("w") as log:
        nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.worker_nursery"],
            cwd=settings.BASE_DIR,
            env=_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )

    def start() -> ForkedWorker:
        nursery.stdin.write(b"\n")
        nursery.stdin.flush()
        workers.append(ForkedWorker(int(nursery.stdout.readline())))
        return workers[-1]

    with nursery:
        try:
            yield start
        finally:
            for worker in workers:
                worker.kill()


@contextmanager
def live_worker(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `manage.py run_worker`; killed when the block ends, if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_worker"],
        cwd=settings.BASE_DIR,
        env=_environment(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)


def _environment(more: dict[str, str]) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"} | more
