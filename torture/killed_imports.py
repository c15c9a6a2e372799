"""The worker killed in the middle of an import."""

import time
from random import Random
from typing import Any

from imports.models import Import
from program_enrollments.models import ProgramEnrollment
from torture.clients import BASE, Client
from torture.invariants import check_invariants
from torture.report import Line
from torture.school import make_school
from torture.service import end_group, start_worker, wait_until, web_server

ROWS_BETWEEN_KILLS = 5_000
"""More than a worker applies between two of them, mostly, so that the import does not end before the last one."""
IMPORT_SECONDS = 300
SECONDS_TO_GO_ON = 60
"""It goes on within 30 seconds (docs/operations.md); a worker takes a while to start, and to plan the file anew."""


def kill_import_workers(random: Random, times: int) -> Line:
    """Upload a file, and kill the worker again and again; each row must be applied once."""
    wanted = 3 * times
    count = wanted * ROWS_BETWEEN_KILLS
    line = Line(f"kill -9 of the worker within an import of {count:,} rows")
    school = make_school()
    place = school.places[0]
    rows = "".join(f"imported-{n},enrolled\n" for n in range(count))
    with web_server() as server:
        answer = Client(server.port, school.ask_token(server.port)).send(
            "POST",
            f"{BASE}/programs/{place.program_uuid}/imports/?kind=program_enrollments",
            f"student_key,status\n{rows}".encode(),
            media_type="text/csv",
        )
    if answer.status != 202:
        line.accuse(f"Upload: {answer}")
        return line
    item = Import.objects.get(pk=answer.json()["id"])
    deadline = time.monotonic() + IMPORT_SECONDS
    while time.monotonic() < deadline:
        worker = start_worker()
        began = _progress(item)
        try:
            if line.times < wanted:
                # A plan is made anew after each kill; so most of them come later, while rows are applied.
                _wait_for_progress(item, began, is_applying=line.times >= times)
                time.sleep(random.uniform(0, 0.3))
            else:
                wait_until(lambda: _progress(item)[0] == "applied", "the import has ended", IMPORT_SECONDS)
        except TimeoutError as fault:
            line.accuse(str(fault))
        finally:
            end_group(worker)
        if _progress(item)[0] == "applied":
            break
        line.count()
    _check_import(item, count, line)
    check_invariants([place], line)
    if line.times < wanted / 2:
        line.accuse(f"The import had ended before half of {wanted} kills.")
    return line


def _wait_for_progress(item: Import, began: tuple[Any, ...], *, is_applying: bool) -> None:
    def goes_on() -> bool:
        now = _progress(item)
        return now[2] > began[2] or now[0] == "applied" if is_applying else now != began

    wait_until(goes_on, "the import goes on", SECONDS_TO_GO_ON)


def _progress(item: Import) -> tuple[Any, ...]:
    return Import.objects.values_list("state", "rows_total", "rows_done", "modified").get(pk=item.pk)


def _check_import(item: Import, count: int, line: Line) -> None:
    entries = ProgramEnrollment.history.filter(history_change_reason=f"import {item.pk}")
    enrolled = ProgramEnrollment.objects.filter(program_uuid=item.program_uuid, status="enrolled")
    found = (
        _progress(item)[:3],
        enrolled.count(),
        entries.count(),
        entries.values("external_user_key").distinct().count(),
    )
    if found != (("applied", count, count), count, count, count):
        line.accuse(f"Progress, rows, entries in the history, learners in it: {found}")
