"""Many clients at a time over HTTP, each of which waits for an answer before it asks again."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks import database
from benchmarks.batches import NEW
from benchmarks.filling import FIRST_WRITABLE_ROW, OVERVIEW_LEARNERS, School
from benchmarks.judging import Row
from benchmarks.load_client import Load, Outcome
from benchmarks.scale import Scale
from benchmarks.server import Server, running

CLIENTS = (1, 4, 16, 64)
MIX = {"listing": 45.0, "course_listing": 25.0, "write": 25.0, "overview": 5.0}
"""70 % listings, 25 % writes of 25 records, 5 % overviews."""


@dataclass(frozen=True)
class Latencies:
    """Milliseconds below which so many percent of the answers came."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class LoadResult:
    """What so many clients saw."""

    clients: int
    requests_per_second: float
    all: Latencies
    by_kind: dict[str, Latencies]
    errors: list[str]
    reconnects: int


class Clients:
    """Starts clients in a process of their own."""

    def __init__(self, school: School, scale: Scale, server: Server) -> None:
        self._school = school
        self._rows = scale.program_size
        self._server = server
        ((self._highest_id,),) = database.fetch("SELECT max(id) FROM program_enrollments_programenrollment")

    def run(self, *, count: int, seconds: float, mix: Mapping[str, float]) -> Outcome:
        """Let clients ask for so long, and return what they saw."""
        load = Load(
            port=self._server.port,
            clients=count,
            seconds=seconds,
            mix=dict(mix),
            tokens=self._school.tokens,
            program_uuids=list(map(str, self._school.program_uuids)),
            curriculum_uuids=list(map(str, self._school.curriculum_uuids)),
            run_keys=[keys[0] for keys in self._school.run_keys],
            rows=(FIRST_WRITABLE_ROW, self._rows),
            highest_id=self._highest_id,
            overview_learners=OVERVIEW_LEARNERS,
            new_from=NEW.next,
        )
        with running("-m", "benchmarks.load_client") as process:
            answer, _ = process.communicate(json.dumps(asdict(load)))
        outcome = Outcome(**json.loads(answer))
        NEW.next = outcome.next_new
        return outcome


def measure(clients: Clients, scale: Scale) -> list[LoadResult]:
    """Let 1, 4, 16 and 64 clients ask for what partners ask for."""
    results = []
    for count in CLIENTS:
        outcome = clients.run(count=count, seconds=scale.load_seconds, mix=MIX)
        everything = [value for some in outcome.latencies.values() for value in some]
        results.append(
            LoadResult(
                clients=count,
                requests_per_second=len(everything) / outcome.seconds,
                all=summarize(everything),
                by_kind={kind: summarize(some) for kind, some in outcome.latencies.items() if some},
                errors=outcome.errors,
                reconnects=outcome.reconnects,
            )
        )
    return results


def judge_errors(results: Sequence[LoadResult]) -> Row:
    """Return the row that says whether all requests were answered well."""
    errors = sum(len(result.errors) for result in results)
    return Row(key="load_errors", work="Errors under load", value=errors, unit="errors", must=0)


def summarize(values: Sequence[float]) -> Latencies:
    """Return the percentiles of at least two values; zeros of fewer."""
    if len(values) < 2:
        return Latencies(0, 0, 0)
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return Latencies(p50=cuts[49], p95=cuts[94], p99=cuts[98])
