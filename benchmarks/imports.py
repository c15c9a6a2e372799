"""Measures an import of a large roster beside the limit of the database, and what another one does to 25-record writes.

`python -m benchmarks.imports [--rows 1000000]`. The limit is what PostgreSQL needs for the same rows, with the same
constraints, indexes, history and durability: COPY to a staging table, then one statement. Both begin with empty tables.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psutil

from benchmarks import database

POLL_SECONDS = 0.02
QUIET_SECONDS = 5
LINKED_SHARE = 10
"""One in so many learners has an account already."""

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


class School(NamedTuple):
    """A program to import into."""

    program_uuid: UUID
    curriculum_uuid: UUID


class Sample(NamedTuple):
    """What a client sees of an import at one moment."""

    at: float
    state: str
    rows_total: int
    rows_done: int


def main() -> int:
    """Print the table; returns the exit code, 1 when a "must" is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows: int = parser.parse_args().rows
    database.start()
    school = make_school()
    path = database.FOLDER / f"roster-{rows}.csv"
    write_roster(path, rows)
    bare_seconds = measure_bare(school, path)
    samples, peak_bytes = measure_import(school, path)
    with put_probe(school) as quiet_puts:
        time.sleep(QUIET_SECONDS)
    quiet = statistics.median(quiet_puts[3:])
    with put_probe(school) as busy_puts:
        measure_import(school, path)
    busy = statistics.median(busy_puts[3:])
    return report(rows=rows, bare_seconds=bare_seconds, samples=samples, peak_bytes=peak_bytes, quiet=quiet, busy=busy)


def make_school() -> School:
    """Return an empty program with one active curriculum, an identity provider, and some accounts."""
    from catalog.models import Curriculum, Organization, Program, ProgramOrganization  # noqa: PLC0415 -- settings
    from learners.models import IdentityProvider  # noqa: PLC0415 -- as above

    key = f"bench-{uuid4().hex[:8]}"
    organization = Organization.objects.create(key=key, name="Bench")
    IdentityProvider.objects.get_or_create(slug="bench", defaults={"organization": organization})
    IdentityProvider.objects.filter(slug="bench").update(organization=organization)
    program = Program.objects.create(key=key, title="Bench", type="Masters", marketing_slug=key, status="active")
    ProgramOrganization.objects.create(program=program, organization=organization, position=0)
    curriculum = Curriculum.objects.create(program=program, name="Bench", is_active=True)
    return School(program.uuid, curriculum.uuid)


def write_roster(path: Path, rows: int) -> None:
    """Write the file, and let one learner in `LINKED_SHARE` have an account."""
    with path.open("w") as file:
        file.write("student_key,status\n")
        for number in range(rows):
            file.write(f"student-{number:07},{'pending' if number % 3 else 'enrolled'}\n")
    execute(
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
    execute(
        "TRUNCATE program_enrollments_programenrollment, program_enrollments_historicalprogramenrollment,"
        " imports_import, imports_importrow, django_tasks_database_dbtaskresult CASCADE"
    )
    execute("ANALYZE")
    execute("CHECKPOINT")


def measure_bare(school: School, path: Path) -> float:
    """Return the seconds that PostgreSQL needs for the rows and their history."""
    from django.db import connection, transaction  # noqa: PLC0415 -- needs the settings

    empty_tables()
    lines = StringIO("".join(path.open().readlines()[1:]))
    began = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bare (student_key varchar(255), status varchar(9)) ON COMMIT DROP")
        cursor.copy_expert("COPY bare FROM STDIN WITH (FORMAT csv)", lines)
        cursor.execute("ANALYZE bare")
        cursor.execute(BARE_WRITE, {"program": school.program_uuid, "curriculum": school.curriculum_uuid})
    return time.perf_counter() - began


def measure_import(school: School, path: Path) -> tuple[list[Sample], int]:
    """Import the file by a worker of its own. Returns what a client saw, and the worker's peak memory in bytes."""
    from imports.constants import ImportKind  # noqa: PLC0415 -- needs the settings
    from imports.models import Import  # noqa: PLC0415 -- as above
    from imports.service import create_import  # noqa: PLC0415 -- as above

    empty_tables()
    samples: list[Sample] = []
    with running("manage.py", "run_worker") as worker:
        memory = psutil.Process(worker.pid)
        time.sleep(3)  # its start is no part of the import
        with path.open("rb") as file:
            item = create_import(
                program_uuid=school.program_uuid, kind=ImportKind.PROGRAM_ENROLLMENTS, file=file, file_name=path.name
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
    return samples, peak_bytes


def report(*, rows: int, bare_seconds: float, samples: list[Sample], peak_bytes: int, quiet: float, busy: float) -> int:
    """Print the table. Returns the exit code."""
    began, ended = samples[0].at, samples[-1].at
    apply_began = next(sample.at for sample in samples if sample.state == "applying")
    gap = max(after.at - before.at for before, after in pairwise(samples))
    ratio = (ended - began) / bare_seconds
    say(f"{'':34}{'seconds':>9}{'rows/s':>11}")
    for name, seconds in (
        ("limit: COPY and one statement", bare_seconds),
        ("import, planned", apply_began - began),
        ("import, applied", ended - apply_began),
        ("import, whole", ended - began),
    ):
        say(f"{name:34}{seconds:9.1f}{rows / seconds:11,.0f}")
    musts = (
        ("import against the limit", f"{ratio:.2f} x", ratio <= 4, "4 x"),
        ("longest time without progress", f"{gap:.2f} s", gap <= 1, "1 s"),
        ("peak memory of the worker", f"{peak_bytes / 1e6:.0f} MB", peak_bytes < 300e6, "300 MB"),
        ("write of 25 meanwhile, median", f"{busy:.1f} ms, {busy / quiet:.2f} x", busy < 2 * quiet, f"2 x {quiet:.1f}"),
    )
    for name, value, is_met, must in musts:
        say(f"{name:34}{value:>20}   must: {must:10} {'met' if is_met else 'MISSED'}")
    return 0 if all(must[2] for must in musts) else 1


@contextmanager
def running(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a Python program of this project while the block lasts."""
    process = subprocess.Popen(  # noqa: S603 -- our own
        [sys.executable, *arguments], cwd=database.ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()


@contextmanager
def put_probe(school: School) -> Iterator[list[float]]:
    """Write 25 learners again and again while the block lasts; the list has the milliseconds of each after it."""
    milliseconds: list[float] = []
    with running("-m", "benchmarks.put_probe", str(school.program_uuid), str(school.curriculum_uuid)) as process:
        yield milliseconds
    milliseconds.extend(float(line) for line in process.communicate()[0].splitlines())


def execute(sql: str, parameters: dict[str, Any] | None = None) -> None:
    """Run statements that return nothing."""
    from django.db import connection  # noqa: PLC0415 -- needs the settings

    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201 -- the report is for a terminal


if __name__ == "__main__":
    sys.exit(main())
