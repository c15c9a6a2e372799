"""Uploaded files, in Registrar's form: read and checked while the client waits, then handed to an import.

The import gets those rows that can be carried out, in a file of its own. What was decided before, and what the client
wrote, stays with the job: its file has a line for each line of the result, in that order.
"""

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, BinaryIO, cast

from django.core.files import File
from django.db import connection, transaction
from django.db.models import QuerySet

from catalog.service import Program
from catalog.texts import UNSTORABLE
from imports.constants import RUNNABLE_STATES, ImportKind
from imports.files import FileRefused
from imports.reading.sources import TextSource
from imports.reading.tables import DELIMITERS, Lines, read_records
from imports.service import create_import, get_import, list_rows, lock_number
from learners.service import User
from program_enrollments.constants import (
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteFailure,
)
from program_enrollments.safe_csv import escape_cell, unescape_uploaded_cell
from registrar.constants import COURSE_NOT_FOUND, MAX_UPLOAD_BYTES, JobOperation, ResultFormat
from registrar.exceptions import InvalidRequest, JobInProgress
from registrar.models import Job
from registrar.programs import CourseRunFinder, find_active_curriculum_uuid
from registrar.results import LINE_BREAK, as_cell
from registrar.texts import is_storable

REQUIRED = {
    JobOperation.WRITE_PROGRAM_ENROLLMENTS: ("student_key", "status"),
    JobOperation.WRITE_COURSE_RUN_ENROLLMENTS: ("student_key", "course_id", "status"),
}
KINDS = {
    JobOperation.WRITE_PROGRAM_ENROLLMENTS: ImportKind.PROGRAM_ENROLLMENTS,
    JobOperation.WRITE_COURSE_RUN_ENROLLMENTS: ImportKind.COURSE_ENROLLMENTS,
}
STATUSES = {
    JobOperation.WRITE_PROGRAM_ENROLLMENTS: frozenset(ProgramEnrollmentStatus.values),
    JobOperation.WRITE_COURSE_RUN_ENROLLMENTS: frozenset(ProgramCourseEnrollmentStatus.values),
}
COURSE_STAFF = "course_staff"
WORDS = frozenset().union(WriteFailure.values, *STATUSES.values())
ROWS_TOLD = 20
LINES_AT_ONCE = 500


@dataclass(slots=True)
class UploadedRow:
    """A row as it was uploaded, values trimmed. `word`: what was decided before the import, if anything."""

    student_key: str
    status: str
    course_id: str = ""
    course_staff: str = ""
    word: str = ""
    course_key: str = ""


def refuse_second_upload(program: Program) -> None:
    """Raises: JobInProgress: an upload into the program, of any kind and by anybody, waits or runs."""
    running = Job.objects.filter(program_uuid=program.uuid, upload__state__in=RUNNABLE_STATES)
    job_id = running.order_by("created").values_list("pk", flat=True).first()
    if job_id is not None:
        raise JobInProgress(job_id)


def start_upload_job(
    *,
    operation: JobOperation,
    program: Program,
    file: BinaryIO,
    user: User,
    with_course_staff: bool = False,
    request_id: str = "",
) -> Job:
    """Check a file and queue its import. `with_course_staff`: the column counts; otherwise it is ignored.

    Raises: JobInProgress; InvalidRequest: the file cannot be used. Nothing was started.
    """
    refuse_second_upload(program)
    rows, has_course_staff = read_upload(file, operation, with_course_staff=with_course_staff)
    if operation == JobOperation.WRITE_COURSE_RUN_ENROLLMENTS:
        rows = _settle_course_rows(rows, CourseRunFinder(program))
    elif rows and find_active_curriculum_uuid(program) is None:
        raise InvalidRequest("The program has no active curriculum to enroll students in.")
    else:
        rows = _settle_program_rows(rows)
    for row in rows:
        if not row.word:
            row.word = _judge_row(row, operation)
    with (
        _write_file(_iter_rows_of_result(rows)) as kept,
        _write_file(_iter_rows_of_import(rows, operation, has_course_staff)) as wanted,
        transaction.atomic(),
    ):
        # Two requests that come at once have both seen no other one above.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(f"registrar uploads:{program.uuid}")])
        refuse_second_upload(program)
        item = create_import(
            program_uuid=program.uuid,
            kind=KINDS[operation],
            file=wanted,
            content_type="text/csv",
            uploaded_by=user,
            request_id=request_id,
        )
        job = Job(
            id=item.pk,
            operation=operation,
            program_uuid=program.uuid,
            program_key=program.key,
            fmt=ResultFormat.CSV,
            with_course_staff=has_course_staff,
            created_by=user,
            upload=item,
            rows_refused=sum(bool(row.word) for row in rows),
        )
        job.file.save(f"{job.pk}.rows", File(kept), save=False)
        job.save(force_insert=True)
    return job


def read_upload(file: BinaryIO, operation: JobOperation, *, with_course_staff: bool) -> tuple[list[UploadedRow], bool]:
    """Return the rows of a file in its order, and whether it has a column `course_staff` that counts.

    UTF-8, with or without a byte-order mark, and what else imports can read; commas, or semicolons or tabs.
    Raises: InvalidRequest: a column is missing, or rows lack values.
    """
    required = REQUIRED[operation]
    optional = (COURSE_STAFF,) if with_course_staff and operation == JobOperation.WRITE_COURSE_RUN_ENROLLMENTS else ()
    try:
        source = TextSource(file, max_bytes=MAX_UPLOAD_BYTES, max_lines=MAX_UPLOAD_BYTES)
        delimiter, places = _find_columns(source, (*required, *optional))
        missing = [name for name in required if name not in places]
        if missing:
            raise InvalidRequest(f"CSV is missing headers [{', '.join(missing)}]")
        return _read_rows(source, delimiter, places, required), COURSE_STAFF in places
    except FileRefused as refusal:
        if refusal.code == "empty_file":
            raise InvalidRequest(f"CSV is missing headers [{', '.join(required)}]") from refusal
        raise InvalidRequest(str(refusal)) from refusal
    except csv.Error as fault:
        raise InvalidRequest(
            "The file is not valid CSV: a cell is too long. A closing quotation mark may be missing."
        ) from fault


def _find_columns(source: TextSource, names: Sequence[str]) -> tuple[str, dict[str, int]]:
    """Return the delimiter by which the header has most of the columns, and where they stand; the last of a name."""
    found = []
    for delimiter in DELIMITERS:
        with source.open_text() as text:
            header = next((cells for _, cells in read_records(Lines(text), delimiter) if any(cells)), [])
        titles = {title.strip().lower(): place for place, title in enumerate(header)}
        places = {name: titles[name] for name in names if name in titles} | {"": len(header)}
        found.append((delimiter, places))
    return max(found, key=lambda each: len(each[1]))


def _read_rows(
    source: TextSource, delimiter: str, places: dict[str, int], required: Sequence[str]
) -> list[UploadedRow]:
    width = places.pop("")
    rows: list[UploadedRow] = []
    lacking: list[tuple[int, int]] = []
    with source.open_text() as text:
        records = ((line, cells) for line, cells in read_records(Lines(text), delimiter) if cells)
        for number, (line, cells) in enumerate(_skip_header(records), start=1):
            values = {
                name: unescape_uploaded_cell(cells[place]).strip() if place < len(cells) else ""
                for name, place in places.items()
            }
            if len(cells) > width or not all(values[name] for name in required):
                lacking.append((number, line))
            else:
                rows.append(UploadedRow(**values))
    if lacking:
        told = f"CSV is missing data at row #{lacking[0][0]}. Required fields are [{', '.join(required)}]."
        raise InvalidRequest(told + _tell_lines(lacking))
    return rows


def _skip_header(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for _, cells in records:
        if any(cells):
            break
    return records


def _tell_lines(bad: Sequence[tuple[int, int]]) -> str:
    """Say on which lines of the file the bad rows are, where the number of the first one does not tell."""
    number, line = bad[0]
    if len(bad) == 1 and line == number + 1:
        return ""
    lines = ", ".join(str(line) for _, line in bad[:ROWS_TOLD])
    more = f" and {len(bad) - ROWS_TOLD} more" if len(bad) > ROWS_TOLD else ""
    return f" In the file: line {lines}{more}."


def _settle_program_rows(rows: Sequence[UploadedRow]) -> list[UploadedRow]:
    """Return one row for each student, by student key."""
    times = Counter(row.student_key for row in rows)
    by_key = {row.student_key: row for row in rows}
    for key, row in by_key.items():
        if times[key] > 1:
            row.word = WriteFailure.DUPLICATED.value
    return [by_key[key] for key in sorted(by_key)]


def _settle_course_rows(rows: Sequence[UploadedRow], runs: CourseRunFinder) -> list[UploadedRow]:
    """Return one row for each student under each course id as typed: by course id as they come, then student key.

    Of a course that is not found, all rows as they come. A course that is called by both of its keys is one course.
    """
    times: Counter[tuple[str, str]] = Counter()
    blocks: dict[str, list[UploadedRow]] = {}
    for row in rows:
        run = runs.find(row.course_id)
        if run is None:
            row.word = COURSE_NOT_FOUND
        else:
            row.course_key = str(run.key)
            times[row.course_key, row.student_key] += 1
        blocks.setdefault(row.course_id, []).append(row)
    settled: list[UploadedRow] = []
    for block in blocks.values():
        if block[0].word:
            settled += block
            continue
        by_key = {row.student_key: row for row in block}
        for row in by_key.values():
            if times[row.course_key, row.student_key] > 1:
                row.word = WriteFailure.DUPLICATED.value
        settled += [by_key[key] for key in sorted(by_key)]
    return settled


def _judge_row(row: UploadedRow, operation: JobOperation) -> str:
    """Return the word for a row that goes no further; "" for the others."""
    if not all(is_storable(value) and not set("\n\r") & set(value) for value in (row.student_key, row.course_staff)):
        return WriteFailure.INTERNAL_ERROR.value
    return "" if row.status in STATUSES[operation] else WriteFailure.INVALID_STATUS.value


def _iter_rows_of_result(rows: Iterable[UploadedRow]) -> Iterator[Sequence[str]]:
    for row in rows:
        values = row.course_id, row.student_key, row.course_staff
        yield *(UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value) for value in values), row.word


def _iter_rows_of_import(
    rows: Iterable[UploadedRow], operation: JobOperation, has_course_staff: bool
) -> Iterator[Sequence[str]]:
    is_course = operation == JobOperation.WRITE_COURSE_RUN_ENROLLMENTS
    staff = (COURSE_STAFF,) if has_course_staff else ()
    yield (*(("course_id",) if is_course else ()), "student_key", "status", *staff)
    for row in rows:
        if not row.word:
            course = (row.course_key,) if is_course else ()
            told_staff = (row.course_staff,) if has_course_staff else ()
            yield [escape_cell(value) for value in (*course, row.student_key, row.status, *told_staff)]


@contextmanager
def _write_file(rows: Iterable[Sequence[str]]) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        # The signs of its own line breaks are put in quotation marks; with LF alone, a CR in a value would end a row.
        csv.writer(file, lineterminator=LINE_BREAK).writerows(rows)
        file.flush()
        file.seek(0)
        yield cast(IO[bytes], file.buffer)


def iter_upload_result(job: Job) -> Iterator[bytes]:
    """Yield the result of an upload that has been carried out: what became of each row, in the form of the file."""
    is_course = job.operation == JobOperation.WRITE_COURSE_RUN_ENROLLMENTS
    staff = (COURSE_STAFF,) if job.with_course_staff else ()
    yield _write_lines([(*(("course_id",) if is_course else ()), "student_key", "status", *staff)])
    rows: QuerySet[Any, Any] = list_rows(get_import(job.pk))
    results = rows.values_list("told_result", flat=True).iterator(LINES_AT_ONCE)
    with job.file.open("rb") as file:
        kept = csv.reader(io.TextIOWrapper(cast(IO[bytes], file), encoding="utf-8", newline=""))
        lines = (
            [
                *([as_cell(course_id)] if is_course else []),
                as_cell(student_key),
                word or _tell_word(next(results)),
                *([as_cell(course_staff)] if staff else []),
            ]
            for course_id, student_key, course_staff, word in kept
        )
        while some := list(islice(lines, LINES_AT_ONCE)):
            yield _write_lines(some)


def _tell_word(result: str) -> str:
    """Return the word that clients know for what an import says of a row."""
    if result == "course_not_in_program":
        return COURSE_NOT_FOUND
    return result if result in WORDS else WriteFailure.INTERNAL_ERROR.value


def _write_lines(lines: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=LINE_BREAK).writerows(lines)
    return text.getvalue().encode()
