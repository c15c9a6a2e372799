"""The worker killed in the middle of an import."""

import time
from random import Random
from typing import Any

from imports.models import Import
from program_enrollments.models import ProgramEnrollment
from torture.clients import BASE, Client
from torture.report import Line
from torture.school import make_school
from torture.service import end_group, start_worker, wait_until, web_server

IMPORT_ROWS = 20_000
IMPORT_SECONDS = 180
SECONDS_TO_GO_ON = 45
"""It goes on within 30 seconds (docs/operations.md); and a worker takes a while to start."""


def kill_import_workers(random: Random, times: int) -> Line:
    """Upload a file, and kill the worker again and again; each row must be applied once."""
    line = Line(f"kill -9 of the worker within an import of {IMPORT_ROWS:,} rows")
    school = make_school()
    place = school.places[0]
    rows = "".join(f"imported-{n},enrolled\n" for n in range(IMPORT_ROWS))
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
            if line.times < 3 * times:
                _wait_for_progress(item, began)
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
    _check_import(item, line)
    return line


def _wait_for_progress(item: Import, began: tuple[Any, ...]) -> None:
    wait_until(lambda: _progress(item) != began, "the import goes on", SECONDS_TO_GO_ON)


def _progress(item: Import) -> tuple[Any, ...]:
    return Import.objects.values_list("state", "rows_total", "rows_done", "modified").get(pk=item.pk)


def _check_import(item: Import, line: Line) -> None:
    entries = ProgramEnrollment.history.filter(history_change_reason=f"import {item.pk}")
    enrolled = ProgramEnrollment.objects.filter(program_uuid=item.program_uuid, status="enrolled")
    found = (
        _progress(item)[:3],
        enrolled.count(),
        entries.count(),
        entries.values("external_user_key").distinct().count(),
    )
    if found != (("applied", IMPORT_ROWS, IMPORT_ROWS), IMPORT_ROWS, IMPORT_ROWS, IMPORT_ROWS):
        line.accuse(f"Progress, rows, entries in the history, learners in it: {found}")
