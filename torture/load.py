"""Load: many clients at once, a tenth of their writes broken off, for minutes."""

import time
from dataclasses import dataclass, field
from statistics import median

import psutil

from torture.report import Line
from torture.roster import compare_with_database
from torture.school import make_school
from torture.service import Database, WebServer, web_server
from torture.writers import writing

CLIENTS = 64
GROWTH_BYTES = 20_000_000
"""What a worker may grow by from a quarter of its life to its end: caches and fragments, not what is lost."""
GROWTH_FILES = 4


@dataclass
class Watch:
    """What the processes of a server held over time: {process id: [value]}."""

    memory: dict[int, list[int]] = field(default_factory=dict)
    files: dict[int, list[int]] = field(default_factory=dict)
    connections: list[int] = field(default_factory=list)

    def look(self, server: WebServer, database: Database) -> None:
        """Take one sample."""
        for worker in server.list_workers():
            try:
                bytes_held, files_held = worker.memory_info().rss, worker.num_fds()
            except psutil.NoSuchProcess:
                continue
            self.memory.setdefault(worker.pid, []).append(bytes_held)
            self.files.setdefault(worker.pid, []).append(files_held)
        self.connections.append(database.count_connections())

    def judge(self, clients: int, memory: Line, files: Line, connections: Line) -> None:
        """Accuse what has grown."""
        memory.times = files.times = len(self.memory)
        growth = max(_growth(values) for values in self.memory.values())
        memory.note = f"grew by {growth / 1e6:.1f} MB at most"
        if growth > GROWTH_BYTES:
            memory.accuse(f"A worker grew by {growth / 1e6:.1f} MB.")
        growth = max(_growth(values) for values in self.files.values())
        files.note = f"grew by {growth} at most"
        # Each client may have its connection open, with either worker.
        if growth > GROWTH_FILES + clients:
            files.accuse(f"A worker had {growth} more files open in the end.")
        connections.times = len(self.connections)
        growth = _growth(self.connections)
        connections.note = f"{max(self.connections)} at most"
        if growth > GROWTH_FILES:
            connections.accuse(f"There were {growth} more connections to the database in the end.")


def _growth(values: list[int]) -> int:
    """Return by how much the last quarter is above the second one; of a short life, the last sample above the first."""
    quarter = len(values) // 4
    if not quarter:
        return values[-1] - values[0]
    return int(median(values[-quarter:]) - median(values[quarter : 2 * quarter]))


def run(database: Database, *, seed: int, seconds: int, clients: int = CLIENTS) -> list[Line]:
    """Load the service, and compare the database with what the clients were told."""
    line = Line(f"requests of {clients} clients at once, for {seconds:.0f} s")
    aborted = Line("… of which writes broken off in the middle")
    memory, files = Line("memory of gunicorn's workers watched"), Line("open files of gunicorn's workers watched")
    connections, compared = Line("connections to the database counted"), Line("changes compared with the database")
    school, watch = make_school(), Watch()
    with web_server() as server:
        with writing(school, clients=clients, port=server.port, seed=seed, line=line, may_fail=False) as writers:
            ends_at = time.monotonic() + seconds
            while time.monotonic() < ends_at:
                time.sleep(1)
                watch.look(server, database)
        watch.judge(clients, memory, files, connections)
    aborted.times = sum(writer.aborted for writer in writers)
    rosters = [writer.roster for writer in writers]
    compared.times = sum(len(rows) for roster in rosters for rows in roster.changes.values())
    compare_with_database(school, rosters, compared)
    line.note = ", ".join(f"{status}: {times:,}" for status, times in sorted(line.statuses.items()))
    return [line, aborted, compared, memory, files, connections]
