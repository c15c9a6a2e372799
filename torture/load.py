"""Load: many clients at once, a tenth of their writes broken off, for minutes."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

import psutil

from torture.outages import compare
from torture.report import Line
from torture.school import make_school
from torture.service import Database, WebServer, wait_until, web_server
from torture.writers import writing

CLIENTS = 64
GROWTH_BYTES = 5_000_000
"""What a worker may grow by from the second quarter of the load to the last one.

Of workers that lose nothing, 3 MB were measured in eight minutes: the cache of programs fills with up to 1 MB, and the
heap falls into smaller pieces. With 8,000 requests of a worker between the two quarters, a loss of half a kilobyte a
request is found.
"""
THREADS = 4
"""Of a worker; each keeps a connection to the database, which is a file too."""
GROWTH_FILES = THREADS + 4
CALM_SECONDS = 20


@dataclass
class Watch:
    """What the processes of a server hold over time; the first sample is from before the load."""

    memory: dict[int, list[int]] = field(default_factory=dict)
    """{process id: [bytes]}"""
    files: list[int] = field(default_factory=list)
    """Of the worker that has most."""
    connections: list[int] = field(default_factory=list)

    def look(self, server: WebServer, database: Database) -> None:
        """Take one sample."""
        files = 0
        for worker in server.list_workers():
            with suppress(psutil.NoSuchProcess):
                self.memory.setdefault(worker.pid, []).append(worker.memory_info().rss)
                files = max(files, worker.num_fds())
        self.files.append(files)
        self.connections.append(database.count_connections())

    def has_let_go(self) -> bool:
        """Tell whether as little is held as before, but for the connections that threads keep."""
        return self.files[-1] <= self.files[0] + GROWTH_FILES and self.connections[-1] <= self.connections[
            0
        ] + THREADS * len(self.memory)

    def judge(self, memory: Line, held: Line) -> None:
        """Accuse what has grown."""
        memory.times = held.times = len(self.connections)
        growth = max(_growth(values) for values in self.memory.values())
        memory.note = f"grew by {growth / 1e6:.1f} MB at most"
        if growth > GROWTH_BYTES:
            memory.accuse(f"A worker grew by {growth / 1e6:.1f} MB.")
        # None is replaced on purpose, so that another one means that one has crashed.
        if any(len(values) < len(self.connections) for values in self.memory.values()):
            memory.accuse(f"A worker has ended; there were {len(self.memory)} of them.")
        held.note = f"before, at most, and after: {_tell(self.files)} files, {_tell(self.connections)} connections"
        if not self.has_let_go():
            held.accuse(f"Not all was let go: {held.note}")


def _growth(values: list[int]) -> int:
    """Return by how much the last quarter is above the second one."""
    quarter = len(values) // 4
    if not quarter:
        return 0
    return int(median(values[-quarter:]) - median(values[quarter : 2 * quarter]))


def _tell(values: list[int]) -> str:
    return f"{values[0]}, {max(values)}, {values[-1]}"


def run(database: Database, *, seed: int, seconds: int, clients: int = CLIENTS) -> list[Line]:
    """Load the service, and compare the database with what the clients were told."""
    line = Line(f"requests of {clients} clients at once, for {seconds:.0f} s")
    aborted, compared = Line("… of which writes broken off in the middle"), Line("changes compared with the database")
    memory, held = Line("looks at the memory of gunicorn's workers"), Line("… at what they and the database hold open")
    school, watch = make_school(), Watch()

    def is_calm() -> bool:
        watch.look(server, database)
        return watch.has_let_go()

    with web_server() as server:
        watch.look(server, database)
        with writing(school, clients=clients, port=server.port, seed=seed, line=line, may_fail=False) as writers:
            ends_at = time.monotonic() + seconds
            while time.monotonic() < ends_at:
                time.sleep(1)
                watch.look(server, database)
        with suppress(TimeoutError):  # what is still held is told below
            wait_until(is_calm, "all is let go", CALM_SECONDS)
        watch.judge(memory, held)
    aborted.times = sum(writer.aborted for writer in writers)
    compare(school, writers, compared)
    line.note = ", ".join(f"{status}: {times:,}" for status, times in sorted(line.statuses.items()))
    return [line, aborted, compared, memory, held]
