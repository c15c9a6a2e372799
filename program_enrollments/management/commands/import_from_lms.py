"""Takes over the enrollments of an Open edX LMS."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO, TypeVar

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from program_enrollments import api
from program_enrollments.constants import ChangeReason, LmsRowOutcome, LmsTable
from program_enrollments.exceptions import EnrollmentConflict
from program_enrollments.management.lms_dumps import (
    UnreadableDump,
    iter_course_enrollments,
    iter_program_enrollments,
    iter_usernames,
)

ROWS_PER_STEP = 1000
SHOWN_COURSE_KEYS = 10
DEFAULT_REASON = ChangeReason.LMS.value

T = TypeVar("T")


class Command(BaseCommand):
    """`manage.py import_from_lms --program-enrollments FILE --course-enrollments FILE`."""

    help = (
        "Take over the enrollments of an Open edX LMS, all or nothing, from dumps of its tables: CSV with a header, or "
        "what `mysql --batch` prints; UTF-8; columns in any order; NULL is an empty cell, NULL or \\N; times are UTC. "
        "Run it again as often as you like: rows that are here are changed only if the LMS changed them later. A row "
        "that cannot be taken over is reported with its line, and then nothing is written (see --skip-refused)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the files, and what to do with them."""
        parser.add_argument(
            "--program-enrollments",
            type=Path,
            required=True,
            metavar="FILE",
            help=f"the table {LmsTable.PROGRAM_ENROLLMENTS.value}",
        )
        parser.add_argument(
            "--course-enrollments",
            type=Path,
            metavar="FILE",
            help=f"the table {LmsTable.COURSE_ENROLLMENTS.value}, of the same moment",
        )
        parser.add_argument(
            "--users",
            type=Path,
            metavar="FILE",
            help="id and username of the table auth_user: added enrollments get the account here with that username. "
            "Without, a learner's enrollments wait for the first sign-in that shows the student key",
        )
        parser.add_argument("--skip-refused", action="store_true", help="take over the other rows all the same")
        parser.add_argument("--dry-run", action="store_true", help="tell what would happen, and write nothing")
        parser.add_argument("--reason", default=DEFAULT_REASON, help=f'kept in history (default: "{DEFAULT_REASON}")')

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the files, let the rows be judged and written, and tell what became of them."""
        with ExitStack() as stack:
            try:
                report = self._import(stack, options)
            except (OSError, EnrollmentConflict, UnreadableDump) as error:
                raise CommandError(f"Nothing was written. {error}") from error
        self._print(report, is_skipping=options["skip_refused"])

    def _import(self, stack: ExitStack, options: Mapping[str, Any]) -> api.LmsImportReport:
        dumps = {name: _Dump(stack, options[name]) for name in ("program_enrollments", "course_enrollments", "users")}

        def tell_refusal(table: LmsTable, line: int, reason: str) -> None:
            self.stdout.write(f"{table.label}, line {line}: {reason}")

        return api.import_from_lms(
            program_rows=dumps["program_enrollments"].read(iter_program_enrollments),
            course_rows=dumps["course_enrollments"].read(iter_course_enrollments),
            username_chunks=dumps["users"].read(iter_usernames),
            tell_refusal=tell_refusal,
            skip_refused=options["skip_refused"],
            is_dry_run=options["dry_run"],
            source=api.ChangeSource(reason=options["reason"]),
        )

    def _print(self, report: api.LmsImportReport, *, is_skipping: bool) -> None:
        for table, counts in (
            (LmsTable.PROGRAM_ENROLLMENTS, report.program_enrollments),
            (LmsTable.COURSE_ENROLLMENTS, report.course_enrollments),
        ):
            told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in LmsRowOutcome.values if outcome in counts)
            self.stdout.write(f"{table.label}: {told or 'none'}.")
        if report.accounts_found:
            self.stdout.write(f"Accounts found by username: {report.accounts_found}.")
        if report.unknown_course_keys:
            shown = ", ".join(report.unknown_course_keys[:SHOWN_COURSE_KEYS])
            rest = len(report.unknown_course_keys) - SHOWN_COURSE_KEYS
            more = f" and {rest} more" if rest > 0 else ""
            self.stdout.write(f"Course runs that the catalog does not have: {shown}{more}.")
        if report.is_written:
            self.stdout.write(self.style.SUCCESS("Done."))
            return
        self.stdout.write("Nothing was written.")
        if report.refused and not is_skipping:
            raise CommandError(f"{report.refused} rows are refused. Correct them, or skip them with --skip-refused.")


class _Dump:
    """A file, read with a progress bar; without a path, no rows at all."""

    def __init__(self, stack: ExitStack, path: Path | None) -> None:
        self._path = path
        if path:
            self._bytes = stack.enter_context(path.open("rb"))
            self._text = stack.enter_context(TextIOWrapper(self._bytes, encoding="utf-8", newline=""))

    def read(self, iter_rows: Callable[[TextIO], Iterator[T]]) -> Iterator[T]:
        if self._path is None:
            return
        total = self._path.stat().st_size
        with tqdm(total=total, unit="B", unit_scale=True, desc=self._path.name, disable=None) as progress:
            try:
                for number, row in enumerate(iter_rows(self._text), start=1):
                    yield row
                    if number % ROWS_PER_STEP == 0:
                        progress.update(self._bytes.tell() - progress.n)
            except UnreadableDump as error:
                raise UnreadableDump(f"{self._path}, {error}") from error
            progress.update(total - progress.n)
