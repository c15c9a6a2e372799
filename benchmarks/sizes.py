"""What operations cost while the tables grow.

A machine is faster in one minute and slower in another, by a third on a shared one. A piece of work that is the same at
each size, the yardstick, takes its turns with the operations; growth is told in its terms.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from benchmarks import database
from benchmarks.batches import KnownLearners
from benchmarks.calls import InProcess, grades_path, listing_path, overview_path
from benchmarks.filling import INTERLEAVED, OVERVIEW_LEARNERS, School
from benchmarks.judging import Row
from benchmarks.measuring import alternate
from benchmarks.pages import list_pages
from benchmarks.scale import Scale
from benchmarks.writes import Write, Writers, creating, updating

BATCHES = 30
"""Of three contestants, as many as there are learners for at the smallest size."""

OPERATIONS = {
    "create": "write of 25, create",
    "update": "write of 25, update",
    "first_update": "write of 25, update, the first since a checkpoint",
    "request_create": "request to write 25, create",
    "request_update": "request to write 25, update",
    "first_page": "first page of a program",
    "last_page": "last page of a program",
    "course_page": "last page of a course run",
    "overview": "overview",
    "grades": "page of grades",
}
INFORMATION = "first_update"
"""PostgreSQL logs a page as a whole when it changes first after a checkpoint, and the more rows there are, the more
pages a write of 25 changes. The limit pays as much; what is judged is what follows."""

YARDSTICK = "yardstick"
YARDSTICK_ROUND_TRIPS = 5
YARDSTICK_ROWS = 1_000


@dataclass(frozen=True)
class SizePoint:
    """Medians in milliseconds at one size, of `OPERATIONS`, of the limit's two writes and of the yardstick."""

    rows: int
    medians: dict[str, float]

    def compare(self, key: str, other: "SizePoint") -> float:
        """Return how many times as much an operation costs here as it does at the other size, in yardsticks."""
        return self._in_yardsticks(key) / other._in_yardsticks(key)

    def _in_yardsticks(self, key: str) -> float:
        return self.medians[key] / self.medians[YARDSTICK]


def measure(school: School, scale: Scale, *, rows: int, program_rows: int) -> SizePoint:
    """Measure each operation with the tables as they are: `program_rows` of `rows` are the interleaved program's."""
    writers = Writers(school)
    learners = KnownLearners(program_rows)
    client = InProcess(school.tokens[0])
    program, run_key = school.program_uuids[INTERLEAVED], school.run_keys[INTERLEAVED][0]
    last = list_pages(program, "program")["last"]
    last_of_run = list_pages(program, "run")["last"]
    connection = database.connect()
    put = writers.by_put(client, listing_path(program))
    ways: dict[str, Write] = {"limit_update": writers.by_limit, "update": writers.by_service, "request_update": put}
    updates = {name: updating(write, learners.take(BATCHES)) for name, write in ways.items()}
    yardstick = {YARDSTICK: lambda number: work_as_at_any_size(connection)}
    first = alternate(yardstick | updates, rounds=BATCHES, warm_up=0)
    operations: dict[str, Callable[[int], object]] = {
        **yardstick,
        "limit_create": creating(writers.by_limit),
        "create": creating(writers.by_service),
        "request_create": creating(put),
        # The rounds in which each learner is changed first are over.
        **{name: going_on(act, BATCHES) for name, act in updates.items()},
        "first_page": lambda number: client.get(listing_path(program)),
        "last_page": lambda number: client.get(listing_path(program) + last),
        "course_page": lambda number: client.get(listing_path(program, run_key) + last_of_run),
        "overview": lambda number: client.get(overview_path(program, f"learner-{number % OVERVIEW_LEARNERS}")),
        "grades": lambda number: client.get(grades_path(program, run_key)),
    }
    medians = alternate(operations, rounds=scale.rounds_by_size)
    speed = medians[YARDSTICK] / first[YARDSTICK]
    firsts = {"first_update": speed * first["update"], "limit_first_update": speed * first["limit_update"]}
    return SizePoint(rows, medians | firsts)


def going_on(act: Callable[[int], object], rounds: int) -> Callable[[int], object]:
    """Let an act go on after so many rounds that it has had."""
    return lambda number: act(number + rounds)


def work_as_at_any_size(connection: Any) -> None:
    """Do what takes about a millisecond of this process, of PostgreSQL and of the way between, and no table.

    Half of it is Python, as of the operations.
    """
    with connection.cursor() as cursor:
        for _ in range(YARDSTICK_ROUND_TRIPS):
            cursor.execute("SELECT sum(number) FROM generate_series(1, 300) AS number")
    json.dumps([{"student_key": f"learner-{number}", "status": "enrolled"} for number in range(YARDSTICK_ROWS)])


def find_growth(key: str, points: Sequence[SizePoint]) -> tuple[SizePoint, SizePoint]:
    """Return the two sizes between which an operation's cost grows most, the smaller one first.

    Any two: if all were held against one size, a slow minute there would hide how much the cost grows after it.
    """
    return max(combinations(points, 2), key=lambda pair: pair[1].compare(key, pair[0]))


def judge(points: Sequence[SizePoint]) -> list[Row]:
    """Return a row for each operation: by how much its cost grows between any two of at least two sizes."""
    rows = []
    for key, work in OPERATIONS.items():
        before, after = find_growth(key, points)
        rows.append(
            Row(
                key=f"growth_{key}",
                work=f"From {points[0].rows:,} to {points[-1].rows:,} rows: {work}",
                value=after.compare(key, before),
                must=None if key == INFORMATION else 1.5,
                aim=None if key == INFORMATION else 1.2,
                limit=_describe_growth_of_limit(key, points),
                service=", ".join(f"{point.medians[key]:.2f} ms at {point.rows:,}" for point in (before, after)),
            )
        )
    return rows


def _describe_growth_of_limit(key: str, points: Sequence[SizePoint]) -> str:
    limit = f"limit_{key}"
    if limit not in points[0].medians:
        return ""
    before, after = find_growth(limit, points)
    return f"grows {after.compare(limit, before):.2f} x, from {before.rows:,} to {after.rows:,}"
