"""An import of a large roster beside the limit of the database, and what another one does to 25-record writes.

The limit is what PostgreSQL needs for the same rows, with the same constraints, indexes, history and durability: COPY
to a staging table, then one statement. Both begin with empty tables, and run twice: the limit first and last.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import psutil
from django.db import connection, transaction

from benchmarks import database
from benchmarks.batches import NEW, SIZE
from benchmarks.filling import School, make_school
from benchmarks.judging import Row
from benchmarks.measuring import MEGABYTE
from benchmarks.server import running
from benchmarks.writes import Writers
from imports.constants import ImportKind
from imports.models import Import
from imports.service import create_import

POLL_SECONDS = 0.02
QUIET_SECONDS = 5
START_SECONDS = 3
LINKED_SHARE = 10
"""One in so many learners has an account already."""

NAIVE_BATCHES = 40

BARE_WRITE = """
WITH written AS (
    INSERT INTO program_enrollments_programenrollment
        (created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status)
    SELECT now(), now(), s.user_id, b.student_key, %(program)s, %(curriculum)s, b.status
    FROM bare AS b LEFT JOIN social_auth_usersocialauth AS s ON s.uid = 'bench:' || b.student_key
    ON CONFLICT (external_user_key, program_uuid, curriculum_uuid) DO UPDATE
        SET status = excluded.status, modified = excluded.modified
    RETURNING *
)
INSERT INTO program_enrollments_historicalprogramenrollment
    (id, created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status,
     history_date, history_type, history_change_reason, history_user_id, request_id, client_id)
SELECT id, created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status,
       now(), '+', 'bare', NULL, '', ''
FROM written
"""


class Place(NamedTuple):
    """A program to import into."""

    program_uuid: UUID
    curriculum_uuid: UUID


class Sample(NamedTuple):
    """What a client sees of an import at one moment."""

    at: float
    state: str
    rows_total: int
    rows_done: int


class ImportRun(NamedTuple):
    """What a client saw of an import from its beginning to its end, and the peak memory of its worker."""

    samples: list[Sample]
    peak_bytes: int

    @property
    def planned_in(self) -> float:
        """The seconds until the plan began to be applied."""
        return self._apply_began - self.samples[0].at

    @property
    def applied_in(self) -> float:
        """The seconds from there to the end."""
        return self.samples[-1].at - self._apply_began

    @property
    def longest_gap(self) -> float:
        """The longest time in seconds in which nothing was seen to go on."""
        return max(after.at - before.at for before, after in pairwise(self.samples))

    @property
    def _apply_began(self) -> float:
        return next(sample.at for sample in self.samples if sample.state == "applying")


def measure(rows: int) -> list[Row]:
    """Measure it all, in a database of its own making that may be emptied afterwards."""
    school = make_school()
    place = Place(school.program_uuids[0], school.curriculum_uuids[0])
    path = database.FOLDER / f"roster-{rows}.csv"
    write_roster(path, rows)
    bare_seconds = [measure_bare(place, path)]
    runs = [measure_import(place, path), measure_import(place, path)]
    bare_seconds.append(measure_bare(place, path))
    naive_rate = measure_naive(school)
    with put_probe(place) as quiet_puts:
        time.sleep(QUIET_SECONDS)
    quiet = statistics.median(quiet_puts[3:])
    with put_probe(place) as busy_puts:
        measure_import(place, path)
    busy = statistics.median(busy_puts[3:])
    path.unlink()

    seconds = statistics.mean(run.planned_in + run.applied_in for run in runs)
    bare_rate = rows / statistics.mean(bare_seconds)
    phases = [f"planned in {run.planned_in:.1f} s, applied in {run.applied_in:.1f} s" for run in runs]
    return [
        Row(
            key="import",
            work=f"Import of {rows:,} rows with history",
            value=bare_rate * seconds / rows,
            must=4,
            aim=1.5,
            limit=f"{bare_rate:,.0f} rows/s (in {' and '.join(f'{each:.1f}' for each in bare_seconds)} s)",
            service=f"{rows / seconds:,.0f} rows/s ({'; then '.join(phases)})",
            naive=f"{naive_rate:,.0f} rows/s, {bare_rate / naive_rate:.1f} x",
        ),
        Row(
            key="import_gap",
            work="Longest time without progress of an import",
            value=max(run.longest_gap for run in runs),
            unit="s",
            must=1,
        ),
        Row(
            key="import_memory",
            work="Memory of the worker that imports",
            value=max(run.peak_bytes for run in runs) / MEGABYTE,
            unit="MB",
            must=300,
        ),
        Row(
            key="import_put",
            work="Write of 25 while an import runs, against a quiet database",
            value=busy / quiet,
            must=2,
            limit=f"quiet {quiet:.1f} ms",
            service=f"{busy:.1f} ms",
        ),
    ]


def write_roster(path: Path, rows: int) -> None:
    """Write the file, and let one learner in `LINKED_SHARE` have an account."""
    with path.open("w") as file:
        file.write("student_key,status\n")
        for number in range(rows):
            file.write(f"student-{number:07},{'pending' if number % 3 else 'enrolled'}\n")
    database.execute(
        """
        INSERT INTO learners_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
                                   date_joined)
        SELECT '!', FALSE, 'bench-' || n, '', '', 'bench-' || n || '@example.edu', FALSE, TRUE, now()
        FROM generate_series(0, %(rows)s - 1, %(step)s) AS n
        ON CONFLICT DO NOTHING;
        INSERT INTO social_auth_usersocialauth (provider, uid, user_id, extra_data, created, modified, id_key)
        SELECT 'tpa-saml', 'bench:student-' || lpad(n::text, 7, '0'), u.id, '{}', now(), now(), ''
        FROM generate_series(0, %(rows)s - 1, %(step)s) AS n JOIN learners_user AS u ON u.username = 'bench-' || n
        ON CONFLICT DO NOTHING;
        """,
        {"rows": rows, "step": LINKED_SHARE},
    )


def empty_tables() -> None:
    """Let the next measurement begin as the one before it did."""
    database.execute(
        "TRUNCATE program_enrollments_programenrollment, program_enrollments_historicalprogramenrollment,"
        " imports_import, imports_importrow, django_tasks_database_dbtaskresult CASCADE"
    )
    database.execute("ANALYZE")
    database.execute("CHECKPOINT")


def measure_bare(place: Place, path: Path) -> float:
    """Return the seconds that PostgreSQL needs for the rows and their history."""
    empty_tables()
    lines = StringIO("".join(path.open().readlines()[1:]))
    began = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bare (student_key varchar(255), status varchar(9)) ON COMMIT DROP")
        cursor.copy_expert("COPY bare FROM STDIN WITH (FORMAT csv)", lines)
        cursor.execute("ANALYZE bare")
        cursor.execute(BARE_WRITE, {"program": place.program_uuid, "curriculum": place.curriculum_uuid})
    return time.perf_counter() - began


def measure_naive(school: School) -> float:
    """Return the rows per second that go in as the original system takes them, 25 at a time."""
    writers = Writers(school)
    empty_tables()
    began = time.perf_counter()
    for _ in range(NAIVE_BATCHES):
        writers.by_naive(NEW.take(), "enrolled")
    return NAIVE_BATCHES * SIZE / (time.perf_counter() - began)


def measure_import(place: Place, path: Path) -> ImportRun:
    """Import the file by a worker of its own."""
    empty_tables()
    samples: list[Sample] = []
    with running("manage.py", "run_worker") as worker:
        memory = psutil.Process(worker.pid)
        time.sleep(START_SECONDS)  # its start is no part of the import
        with path.open("rb") as file:
            item = create_import(
                program_uuid=place.program_uuid, kind=ImportKind.PROGRAM_ENROLLMENTS, file=file, file_name=path.name
            )
        seen = Import.objects.filter(pk=item.pk).values_list("state", "rows_total", "rows_done")
        samples.append(Sample(time.perf_counter(), "queued", 0, 0))
        peak_bytes = 0
        while samples[-1].state in {"queued", "planning", "applying"}:
            now = Sample(time.perf_counter(), *seen.get())
            if now[1:] != samples[-1][1:]:
                samples.append(now)
            peak_bytes = max(peak_bytes, memory.memory_info().rss)
            time.sleep(POLL_SECONDS)
    if samples[-1].state != "applied":
        raise SystemExit(f"The import ended as {samples[-1].state}.")
    return ImportRun(samples, peak_bytes)


@contextmanager
def put_probe(place: Place) -> Iterator[list[float]]:
    """Write 25 learners again and again while the block lasts; the list has the milliseconds of each after it."""
    milliseconds: list[float] = []
    with running("-m", "benchmarks.put_probe", str(place.program_uuid), str(place.curriculum_uuid)) as process:
        yield milliseconds
    milliseconds.extend(float(line) for line in process.communicate()[0].splitlines())
