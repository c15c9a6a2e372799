"""Writes of 25 with history: by the Python API, over HTTP, by four clients at a time."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from benchmarks.batches import NEW, SIZE, KnownLearners
from benchmarks.calls import InProcess, OverHttp, listing_path, naive_path
from benchmarks.filling import INTERLEAVED, School, student_key
from benchmarks.judging import Row
from benchmarks.limits import Limits, PreparedLimits, describe
from benchmarks.load import Clients
from benchmarks.measuring import WARM_UP, alternate, compare, list_queries, measure_log
from benchmarks.naive import write_one_by_one
from benchmarks.scale import Scale
from benchmarks.server import Server
from program_enrollments.api import ProgramEnrollmentRecord, write_program_enrollments
from program_enrollments.constants import WriteAction

BATCHES = 60
"""Of learners whose status each contestant changes, again and again."""

WARM_UPS = {"create": WARM_UP, "update": BATCHES}
"""Rounds that do not count; of updates those in which each learner is changed for the first time."""

STATUSES = ("suspended", "enrolled")

Write = Callable[[Sequence[int], str], object]


def creating(write: Write) -> Callable[[int], object]:
    """Let each round enroll learners who are not there."""
    return lambda number: write(NEW.take(), "enrolled")


def updating(write: Write, batches: Sequence[Sequence[int]]) -> Callable[[int], object]:
    """Let each round change the status of learners who are there."""
    return lambda number: write(batches[number % len(batches)], STATUSES[number // len(batches) % 2])


def repeating(write: Write, batches: Sequence[Sequence[int]]) -> Callable[[int], object]:
    """Let each round tell of learners who are there what stands already."""
    return lambda number: write(batches[number % len(batches)], "enrolled")


class Writers:
    """The ways to write to the interleaved program."""

    def __init__(self, school: School) -> None:
        self.program: UUID = school.program_uuids[INTERLEAVED]
        self.curriculum: UUID = school.curriculum_uuids[INTERLEAVED]
        self._limits = Limits()
        self._prepared_limits = PreparedLimits()

    def by_limit(self, rows: Sequence[int], status: str) -> None:
        """Write by bare SQL."""
        self._limits.write(self.program, self.curriculum, list(map(student_key, rows)), status)

    def by_prepared_limit(self, rows: Sequence[int], status: str) -> None:
        """Write by bare SQL that is prepared."""
        self._prepared_limits.write(self.program, self.curriculum, list(map(student_key, rows)), status)

    def by_service(self, rows: Sequence[int], status: str) -> None:
        """Write by the Python API."""
        records = [ProgramEnrollmentRecord(student_key(row), status, self.curriculum) for row in rows]
        outcomes = write_program_enrollments(program_uuid=self.program, action=WriteAction.UPSERT, records=records)
        if set(outcomes.values()) != {status}:
            raise RuntimeError("The service refused a learner.")

    def by_naive(self, rows: Sequence[int], status: str) -> None:
        """Write as the original system does."""
        records = [
            {"student_key": student_key(row), "status": status, "curriculum_uuid": self.curriculum} for row in rows
        ]
        write_one_by_one(program_uuid=self.program, records=records)

    def by_put(self, client: OverHttp | InProcess, path: str) -> Write:
        """Return the way to write by PUT."""

        def write(rows: Sequence[int], status: str) -> None:
            curriculum = str(self.curriculum)
            client.put(
                path,
                [{"student_key": student_key(row), "status": status, "curriculum_uuid": curriculum} for row in rows],
            )

        return write


def measure_api(school: School, scale: Scale) -> list[Row]:
    """Compare the Python API with the limit and the naive version."""
    writers = Writers(school)
    learners = KnownLearners(scale.program_size)
    ways: dict[str, Write] = {
        "limit": writers.by_limit,
        "prepared_limit": writers.by_prepared_limit,
        "service": writers.by_service,
        "naive": writers.by_naive,
    }
    create = {name: creating(write) for name, write in ways.items()}
    update = {name: updating(write, learners.take(BATCHES)) for name, write in ways.items()}
    rows = []
    for key, contestants in (("create", create), ("update", update)):
        medians = compare(contestants, rounds=scale.rounds, warm_up=WARM_UPS[key])
        next_round = WARM_UPS[key] + scale.rounds
        queries = {name: len(list_queries(partial(act, next_round))) for name, act in contestants.items()}
        rows.append(
            _compare(
                f"write_{key}",
                f"Python API, write of 25 ({key}), history included",
                medians,
                must=2.0,
                aim=1.25,
                queries=queries["service"],
                naive_note=f", {queries['naive']} queries",
            )
        )
    rows.append(measure_unchanged(writers, learners, scale))
    most = max(row.queries or 0 for row in rows)
    return [*rows, Row(key="write_queries", work="Queries of a write of 25", value=most, unit="queries", aim=4)]


def measure_unchanged(writers: Writers, learners: KnownLearners, scale: Scale) -> Row:
    """Tell what a write costs that finds everything as it is to be, and what PostgreSQL logs for it."""
    contestants = {
        name: repeating(write, learners.take(BATCHES))
        for name, write in (("limit", writers.by_limit), ("service", writers.by_service))
    }
    medians = alternate(contestants, rounds=scale.rounds, warm_up=BATCHES)
    texts = {
        name: f"{medians[name]:.2f} ms, {measure_log(act, rounds=BATCHES):,.0f} bytes logged"
        for name, act in contestants.items()
    }
    return Row(
        key="write_unchanged",
        work="Python API, write of 25, nothing changed",
        value=medians["service"] / medians["limit"],
        limit=texts["limit"],
        service=texts["service"],
        queries=len(list_queries(partial(contestants["service"], 0))),
    )


def measure_http(school: School, scale: Scale, server: Server) -> list[Row]:
    """Compare PUTs of one client with the limit and the naive version."""
    writers = Writers(school)
    learners = KnownLearners(scale.program_size)
    client = OverHttp(server.port, school.tokens[0])
    ways: dict[str, Write] = {
        "limit": writers.by_limit,
        "prepared_limit": writers.by_prepared_limit,
        "service": writers.by_put(client, listing_path(writers.program)),
        "naive": writers.by_put(client, naive_path(writers.program)),
    }
    create = {name: creating(write) for name, write in ways.items()}
    update = {name: updating(write, learners.take(BATCHES)) for name, write in ways.items()}
    return [
        _compare(
            f"http_{key}",
            f"PUT of 25 ({key}) over gunicorn, with authentication and authorization, one client",
            compare(contestants, rounds=scale.rounds, warm_up=WARM_UPS[key]),
            must=4,
            aim=2.5,
        )
        for key, contestants in (("create", create), ("update", update))
    ]


def measure_four_clients(clients: Clients, scale: Scale) -> Row:
    """Compare the records per second of four clients with those that the naive version takes."""
    rates: dict[str, list[float]] = {"write": [], "naive_write": []}
    for kind in ("write", "naive_write", "naive_write", "write"):
        outcome = clients.run(count=4, seconds=scale.naive_seconds, mix={kind: 1.0})
        if outcome.errors:
            raise RuntimeError(f"Requests failed: {outcome.errors[:5]}")
        rates[kind].append(SIZE * len(outcome.latencies[kind]) / outcome.seconds)
    service, naive = (sum(some) / len(some) for some in rates.values())
    return Row(
        key="four_clients",
        work="The same, four clients, records per second, against the naive version",
        value=service / naive,
        must=2,
        aim=3,
        more_is_better=True,
        service=f"{service:,.0f} /s",
        naive=f"{naive:,.0f} /s",
    )


def _compare(
    key: str,
    work: str,
    medians: dict[str, float],
    *,
    must: float,
    aim: float,
    queries: int | None = None,
    naive_note: str = "",
) -> Row:
    return Row(
        key=key,
        work=work,
        value=medians["service"] / medians["limit"],
        must=must,
        aim=aim,
        limit=describe(medians),
        service=f"{medians['service']:.2f} ms",
        naive=f"{medians['naive']:.2f} ms, {medians['naive'] / medians['limit']:.1f} x{naive_note}",
        queries=queries,
    )
