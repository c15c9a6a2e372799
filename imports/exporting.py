"""Files that the service writes: enrollments as an import takes them, and what became of an import's rows."""

import codecs
import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db.models import Case, CharField, F, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from opaque_keys.edx.keys import CourseKey

from imports.constants import ExportFormat, ImportKind, RowOutcome
from imports.files import open_roster
from imports.models import Import, ImportRow
from imports.reading.columns import COLUMNS_BY_KIND
from imports.streaming import stream_copy
from program_enrollments import api
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from program_enrollments.safe_csv import escape_cell, escape_uploaded_cell

COLUMNS = {kind: tuple(column.name for column in columns) for kind, columns in COLUMNS_BY_KIND.items()}
"""{kind: columns of a file}, in the order in which the service writes them."""

REJECT_COLUMNS = ("error_code", "error_message")
LINES_AT_ONCE = 500

# What `safe_csv.escape_cell` does, in SQL. The regular expression costs as much as the rest of an export, so that
# cells that begin with a digit, a letter or anything above are told apart by cheap comparisons first.
SAFE_CELL = r"""CASE WHEN {0} < 'A' COLLATE "C" AND NOT ({0} >= '0' COLLATE "C" AND {0} < ':' COLLATE "C")
    AND {0} ~ '^''*[-=+@\t\r]' THEN '''' || {0} ELSE {0} END"""
SAFE_AS_THEY_ARE = frozenset({"line", "curriculum_uuid", "outcome", "error_code", "error_column", "error_hint"})
BOOLEANS = frozenset({"course_staff"})

# JSON has no raw control characters, so that with these COPY never quotes it.
NDJSON_OPTIONS = r", QUOTE E'\x01', DELIMITER E'\x02'"
DELIMITER_OPTIONS = {",": "", ";": ", DELIMITER ';'", "\t": r", DELIMITER E'\t'"}


def list_rows(item: Import, *, outcomes: Collection[str] | None = None) -> QuerySet[ImportRow]:
    """Return the rows of a plan in their order, or those of some outcomes.

    Each has its `told_result`: the contract's word once it was carried out, "" until then.
    """
    is_done = Q(course_key__lt=item.done_course_key) | Q(
        course_key=item.done_course_key, position__lte=item.done_position
    )
    result = Case(
        When(outcome=RowOutcome.REJECT, then=F("error_code")),
        When(is_done, then=Coalesce(KT("after__status"), Value(""))),
        default=Value(""),
        output_field=TextField(),
    )
    rows = item.rows.annotate(told_result=result).order_by("position")
    return rows if outcomes is None else rows.filter(outcome__in=outcomes)


def export_program_enrollments(enrollments: QuerySet[ProgramEnrollment], fmt: ExportFormat) -> Iterator[bytes]:
    """Yield a file of the enrollments that an import can name: those with a student key."""
    rows = enrollments.exclude(external_user_key=None).values_list("external_user_key", "status", "curriculum_uuid")
    return _export(rows, COLUMNS[ImportKind.PROGRAM_ENROLLMENTS], fmt)


def export_course_enrollments(
    enrollments: QuerySet[ProgramCourseEnrollment], course_key: CourseKey, fmt: ExportFormat
) -> Iterator[bytes]:
    """Yield a file of the enrollments in the course run that an import can name: those with a student key."""
    rows = (
        api.annotate_course_staff(enrollments)
        .exclude(program_enrollment__external_user_key=None)
        .annotate(course_id=Value(str(course_key), output_field=CharField()))
        .values_list("course_id", "program_enrollment__external_user_key", "status", "is_course_staff")
    )
    return _export(rows, COLUMNS[ImportKind.COURSE_ENROLLMENTS], fmt)


def iter_results_csv(item: Import) -> Iterator[bytes]:
    """Yield a file of all rows of the plan, in file order, learners to be dropped last."""
    fields = {
        "line": "line",
        "course_id": "course_key",
        "student_key": "student_key",
        "curriculum_uuid": "curriculum_uuid",
        "status": "status",
        "course_staff": "course_staff",
        "outcome": "outcome",
        "result": "told_result",
        "status_before": "status_before",
        "course_staff_before": "course_staff_before",
        "error_code": "error_code",
        "error_column": "error_column",
        "error_message": "error_message",
        "error_hint": "error_hint",
    }
    left_out = {
        ImportKind.PROGRAM_ENROLLMENTS: {"course_id", "course_staff", "course_staff_before"},
        ImportKind.COURSE_ENROLLMENTS: {"curriculum_uuid"},
    }[ImportKind(item.kind)]
    columns = [column for column in fields if column not in left_out]
    rows = (
        list_rows(item)
        .annotate(status_before=KT("before__status"), course_staff_before=KT("before__course_staff"))
        .values_list(*[fields[column] for column in columns])
    )
    return _export(rows, columns, ExportFormat.CSV, item)


def iter_rejected_csv(item: Import) -> Iterator[bytes]:
    """Yield a file of the rejected lines as they were uploaded, with why; corrected, it can be uploaded as it is.

    Of NDJSON, which has no columns, and of an undo, which has no file, a line is told in the columns of its kind.
    """
    header = item.header if item.delimiter else [*COLUMNS[item.kind], *item.header]
    kept = [place for place, title in enumerate(header) if title.strip().lower() not in REJECT_COLUMNS]
    yield _mark(item) + _write_lines(
        [[*(escape_uploaded_cell(header[place]) for place in kept), *REJECT_COLUMNS]], item
    )
    rejected = _iter_rejected(item)
    while some := list(islice(rejected, LINES_AT_ONCE)):
        yield _write_lines([_tell_rejected(cells, row, kept, len(header)) for cells, row in some], item)


def _iter_rejected(item: Import) -> Iterator[tuple[list[str], ImportRow]]:
    """Yield the cells of each rejected line, safe for spreadsheets, with its row."""
    columns = COLUMNS[item.kind]
    rejected = item.rows.filter(outcome=RowOutcome.REJECT, line__isnull=False).order_by("position").iterator()
    if not item.file:
        for row in rejected:
            yield [escape_cell(_tell_planned(row, column)) for column in columns], row
        return
    awaited = next(rejected, None)
    if awaited is None:
        return
    with item.file.open("rb") as file:
        roster = open_roster(
            cast(BinaryIO, file),
            kind=item.kind,
            content_type=item.content_type,
            file_name=item.file_name,
            max_rows=settings.IMPORT_MAX_ROWS,
        )
        for line in roster:
            if line.line == awaited.line:
                told = [] if item.delimiter else [escape_cell(line.values[column]) for column in columns]
                yield [*told, *map(escape_uploaded_cell, line.cells)], awaited
                awaited = next(rejected, None)
                if awaited is None:
                    return


def _tell_planned(row: ImportRow, column: str) -> str:
    value = row.course_key if column == "course_id" else getattr(row, column)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _tell_rejected(cells: Sequence[str], row: ImportRow, kept: Sequence[int], width: int) -> list[str]:
    padded = [*cells, *[""] * (width - len(cells))]
    # Cells beyond the header are a fault to be corrected; they may not come to stand below the error's columns.
    return [*(padded[place] for place in kept), row.error_code, escape_cell(row.error_message), *padded[width:]]


def _export(
    rows: QuerySet[Any, Any], columns: Sequence[str], fmt: ExportFormat, item: Import | None = None
) -> Iterator[bytes]:
    query, parameters = rows.query.sql_with_params()
    source = f"({query}) AS q ({', '.join(columns)})"
    if fmt == ExportFormat.NDJSON:
        members = " || ', ' || ".join(f"""'"{column}": ' || to_json({column})""" for column in columns)
        yield from stream_copy(
            f"SELECT '{{' || {members} || '}}' FROM {source}",  # noqa: S608 -- names of columns only
            parameters,
            options=NDJSON_OPTIONS,
        )
        return
    delimiter = _choose_delimiter(item)
    yield _mark(item) + delimiter.join(columns).encode() + b"\n"
    cells = ", ".join(map(_as_cell, columns))
    yield from stream_copy(
        f"SELECT {cells} FROM {source}",  # noqa: S608 -- names of columns only
        parameters,
        options=DELIMITER_OPTIONS[delimiter],
    )


def _as_cell(column: str) -> str:
    if column in BOOLEANS:
        return f"{column}::text"
    return column if column in SAFE_AS_THEY_ARE else SAFE_CELL.format(column)


def _write_lines(lines: Iterable[Sequence[str]], item: Import) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=_choose_delimiter(item)).writerows(lines)
    # Half a character, which some files have, has no place in UTF-8.
    return text.getvalue().encode("utf-8", "replace")


def _choose_delimiter(item: Import | None) -> str:
    """Answer a file with its own delimiter: the spreadsheet that wrote the one opens the other."""
    return (item.delimiter if item else "") or ","


def _mark(item: Import | None) -> bytes:
    """Return a byte-order mark for those who do not send plain UTF-8: Excel, which needs one to read UTF-8."""
    return codecs.BOM_UTF8 if item and item.encoding not in ("", "utf-8") else b""
