"""One run of all measurements, in the order in which the database grows."""

import sys
import time
from datetime import UTC, datetime

from benchmarks import database, exports, imports, load, pages, sizes, writes
from benchmarks.filling import PROGRAMS, Filler, empty, make_school
from benchmarks.judging import Row, find_exit_code
from benchmarks.load import Clients, LoadResult
from benchmarks.measuring import MEGABYTE
from benchmarks.report import Report, count_missed, describe_machine, write
from benchmarks.scale import Scale
from benchmarks.server import WORKERS, serving
from benchmarks.sizes import SizePoint


def measure_all(scale: Scale) -> Report:
    """Measure everything; the database is empty before and after."""
    say(f"Importing {scale.imported:,} rows")
    import_rows = imports.measure(scale.imported)
    school = make_school()
    filler = Filler(school, scale)
    rows: list[Row] = []
    points: list[SizePoint] = []
    loads: list[LoadResult] = []
    for step in scale.steps:
        say(f"Filling up to {step:,} enrollments")
        filler.fill_up_to(step)
        points.append(sizes.measure(school, scale, rows=step, program_rows=filler.interleaved_program_rows))
        if step != scale.main:
            continue
        say("Writing and reading within the process")
        database.settle()
        rows += writes.measure_api(school, scale)
        database.settle()
        rows += pages.measure(school, scale)
        database.settle()
        with serving() as server, server.memory.watching():
            at_start = server.memory.look()
            clients = Clients(school, scale, server)
            say("Writing over HTTP")
            http_rows = writes.measure_http(school, scale, server)
            http_rows.append(writes.measure_four_clients(clients, scale))
            rows[2:2] = http_rows
            say("Exporting")
            export_rows = exports.measure(school, scale, server)
            say("Load")
            loads = load.measure(clients, scale)
        rows += import_rows + export_rows
        rows.append(
            Row(
                key="web_memory",
                work="Memory of a web worker after all of this, at its peak",
                value=server.memory.peak / MEGABYTE,
                unit="MB",
                must=150,
                aim=100,
                service=f"{at_start / MEGABYTE:.0f} MB before the first request",
            )
        )
        rows.append(load.judge_errors(loads))
    rows += sizes.judge(points)
    machine = describe_machine(database.describe())
    empty()
    return Report(
        rows=rows,
        points=points,
        loads=loads,
        enrollments=scale.main,
        program_size=scale.program_size,
        programs=PROGRAMS,
        load_seconds=scale.load_seconds,
        workers=WORKERS,
        machine=machine,
        measured_at=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def main(scale: Scale, *, is_full: bool) -> int:
    """Measure, print, write; returns the exit code."""
    began = time.monotonic()
    report = measure_all(scale)
    page = database.ROOT / "docs" / "performance.md" if is_full else database.FOLDER / "performance.md"
    write(report, folder=database.ROOT / "benchmarks", page=page)
    say(report.as_text())
    say(f"{count_missed(report.rows)} {time.monotonic() - began:.0f} s. See {page.relative_to(database.ROOT)}.")
    return find_exit_code(list(report.rows))


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
