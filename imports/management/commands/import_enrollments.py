"""Imports a roster at the shell."""

import time
from argparse import ArgumentParser, BooleanOptionalAction
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from tqdm import tqdm

from imports.constants import (
    APPLIED_STATES,
    DROP_STATUSES,
    RUNNABLE_STATES,
    ImportAction,
    ImportKind,
    ImportMode,
    ImportState,
    RowOutcome,
)
from imports.running import run_imports_of_program
from imports.service import Import, ImportsError, StateConflict, cancel_import, create_import
from program_enrollments.exceptions import ProgramDoesNotExist

LOOK_SECONDS = 0.2
GOOD_ENDS = {*APPLIED_STATES, ImportState.PLANNED}


class Command(BaseCommand):
    """`manage.py import_enrollments FILE --program UUID`."""

    help = (
        "Import a file of enrollments into a program, as an upload to the API does, and run the import in this process "
        "(or wait for the worker that runs the program's imports already). Ctrl-C cancels the import; what it has "
        "applied stands. The exit code is 1 unless the import was applied, with or without rejected rows, or planned."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        drop_statuses = [status.value for statuses in DROP_STATUSES.values() for status in statuses]
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV or NDJSON, may be compressed with gzip")
        parser.add_argument("--program", type=UUID, required=True, metavar="UUID", help="the program")
        parser.add_argument("--kind", choices=ImportKind.values, default=ImportKind.PROGRAM_ENROLLMENTS.value)
        parser.add_argument("--action", choices=ImportAction.values, default=ImportAction.UPSERT.value)
        parser.add_argument("--mode", choices=ImportMode.values, default=ImportMode.APPLY.value)
        parser.add_argument(
            "--atomic", action=BooleanOptionalAction, default=False, help="one rejected row rejects all"
        )
        parser.add_argument(
            "--snapshot", action=BooleanOptionalAction, default=False, help="the file is the whole roster"
        )
        parser.add_argument("--drop-status", choices=drop_statuses, default="", help="what absent learners get")
        parser.add_argument(
            "--max-drop", type=int, metavar="N", help="hold a snapshot that drops more learners than this"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        item = _create(options)
        running = _Running(item)
        running.start()
        try:
            _show_progress(item, running)
        except KeyboardInterrupt:
            _cancel(item)
            running.ended.wait()
        item.refresh_from_db()
        self.stdout.write(summarize(item))
        if running.fault is not None:
            raise CommandError("The import was interrupted; a worker goes on with it.") from running.fault
        if item.state not in GOOD_ENDS:
            raise CommandError(item.error_message or f"The import is {item.get_state_display().lower()}.")


class _Running(Thread):
    """Runs the program's imports until this one waits for nothing any more; `fault` is what ended it early.

    `ended` is what to wait for: a `join` that Ctrl-C breaks off takes the thread for ended (Python 3.11).
    """

    def __init__(self, item: Import) -> None:
        super().__init__(daemon=True)
        self._item_id = item.pk
        self._program_uuid = item.program_uuid
        self.fault: Exception | None = None
        self.ended = Event()

    def run(self) -> None:
        try:
            run_imports_of_program(self._program_uuid)
            while Import.objects.filter(pk=self._item_id, state__in=RUNNABLE_STATES).exists():
                time.sleep(LOOK_SECONDS)  # a worker is at it
                run_imports_of_program(self._program_uuid)
        except Exception as error:  # told by the command
            self.fault = error
        finally:
            connection.close()
            self.ended.set()


def _create(options: dict[str, Any]) -> Import:
    path: Path = options["file"]
    try:
        with path.open("rb") as file:
            return create_import(
                program_uuid=options["program"],
                kind=ImportKind(options["kind"]),
                file=file,
                file_name=path.name,
                action=ImportAction(options["action"]),
                mode=ImportMode(options["mode"]),
                is_atomic=options["atomic"],
                is_snapshot=options["snapshot"],
                drop_status=options["drop_status"],
                max_drop=options["max_drop"],
            )
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except (ProgramDoesNotExist, ImportsError) as error:
        raise CommandError(str(error)) from error


def _show_progress(item: Import, running: _Running) -> None:
    with tqdm(unit=" rows", disable=None) as progress:
        has_ended = False
        while not has_ended:
            has_ended = running.ended.wait(LOOK_SECONDS)
            item.refresh_from_db()
            progress.set_description(item.get_state_display())
            progress.total = item.rows_total or None
            progress.n = item.rows_done
            progress.refresh()


def _cancel(item: Import) -> None:
    with suppress(StateConflict):  # it has just come to its end
        cancel_import(item.pk)


def summarize(item: Import) -> str:
    """Return what became of an import, for people."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(item.counts.items())) or "no rows"
    lines = [f"Import {item.pk}: {item.get_state_display().lower()}; {counts}."]
    if item.rows_done < item.rows_total:
        lines.append(f"{item.rows_done} of {item.rows_total} rows were carried out.")
    if item.state == ImportState.HELD:
        lines.append("It drops so many learners that somebody has to approve it, in the admin or over the API.")
    if item.unknown_columns:
        lines.append(f"Ignored columns: {', '.join(item.unknown_columns)}.")
    lines += [
        f"Line {row.line}: {row.error_code}: {row.error_message}"
        for row in item.rows.filter(outcome=RowOutcome.REJECT).order_by("position")[:20]
    ]
    return "\n".join(lines)
