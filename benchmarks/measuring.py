"""Medians of contestants that take turns, queries, plans, the log and memory."""

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from django.db import connection
from django.test.utils import CaptureQueriesContext

WARM_UP = 5
RIVALS = ("limit", "service")
MEGABYTE = 1_000_000
NOT_WORK = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def alternate(
    contestants: Mapping[str, Callable[[int], object]], *, rounds: int, warm_up: int = WARM_UP
) -> dict[str, float]:
    """Return each contestant's median in milliseconds.

    They take turns within each round, in alternating order, after a warm-up. Each is told the number of the round,
    which goes on from the warm-up.
    """
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(warm_up + rounds):
        for name in names if number % 2 else reversed(names):
            began = time.perf_counter()
            contestants[name](number)
            if number >= warm_up:
                samples[name].append(1000 * (time.perf_counter() - began))
    return {name: statistics.median(some) for name, some in samples.items()}


def compare(
    contestants: Mapping[str, Callable[[int], object]], *, rounds: int, warm_up: int = WARM_UP
) -> dict[str, float]:
    """Return the medians of `limit` and `service`, as `alternate` does, and those of the others.

    Those take their turns afterwards, one by one: each would fill the caches of the processor, and the naive version
    those of the service's process, with what no deployment does.
    """
    medians = alternate({name: contestants[name] for name in RIVALS}, rounds=rounds, warm_up=warm_up)
    for name, act in contestants.items():
        if name not in RIVALS:
            medians |= alternate({name: act}, rounds=rounds, warm_up=warm_up)
    return medians


def list_queries(act: Callable[[], object]) -> list[str]:
    """Return the queries of an act, but for those that begin and end transactions."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured if not query["sql"].startswith(NOT_WORK)]


def read_statement(sql: str) -> str:
    """Return the statement that SQL executes, if it was prepared, or else the SQL."""
    if "EXECUTE " not in sql:
        return sql
    with connection.cursor() as cursor:
        name = sql.partition("EXECUTE ")[2].split()[0]
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE name = %s", [name])
        (statement,) = cursor.fetchone()
    return str(statement)


@dataclass(frozen=True)
class Plan:
    """How PostgreSQL found a page: the names of indexes or scans, and how many rows it read for it."""

    names: list[str]
    rows_read: int

    def __str__(self) -> str:
        return f"{' + '.join(dict.fromkeys(self.names))}, {self.rows_read} rows read"


def explain(sql: str) -> Plan:
    """Run a query and return its plan."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}")
        (answer,) = cursor.fetchone()
    (found,) = json.loads(answer) if isinstance(answer, str) else answer
    nodes = [node for node in _walk(found["Plan"]) if "Scan" in node["Node Type"]]
    return Plan(
        names=[node.get("Index Name", node["Node Type"]) for node in nodes],
        rows_read=sum(
            round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
            for node in nodes
        ),
    )


def measure_log(act: Callable[[int], object], *, rounds: int) -> float:
    """Return the median of the bytes that PostgreSQL logs during an act, which is told the number of the round.

    Vacuum and checkpoints, of which PostgreSQL logs some now and then, are in few rounds.
    """
    samples = []
    for number in range(rounds):
        began = _find_end_of_log()
        act(number)
        samples.append(_find_end_of_log() - began)
    return statistics.median(samples)


class MemoryWatch:
    """The largest resident memory of any process that a master has started, in bytes."""

    def __init__(self, master: psutil.Process) -> None:
        self._master = master
        self.peak = 0

    def look(self) -> int:
        """Return the memory of the largest process now, and remember the peak."""
        largest = 0
        for process in self._master.children():
            try:
                largest = max(largest, process.memory_info().rss)
            except psutil.NoSuchProcess:  # gunicorn replaces workers now and then
                continue
        self.peak = max(self.peak, largest)
        return largest

    @contextmanager
    def watching(self, seconds: float = 0.2) -> Iterator[None]:
        """Look again and again while the block lasts."""
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(seconds):
                self.look()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


def _find_end_of_log() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        (place,) = cursor.fetchone()
    return int(place)


def _walk(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)
