"""Moving the rows of a plan into the database and out of it, without a model instance for each of a million rows."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db import connection

from imports.constants import ImportKind, RowOutcome
from imports.models import Import
from program_enrollments import api


@dataclass(slots=True)
class PlannedRow:
    """A row of a plan on its way; the fields are those of `ImportRow`."""

    position: int
    line: int | None
    student_key: str
    status: str
    outcome: RowOutcome
    curriculum_uuid: UUID | None = None
    course_key: str = ""
    course_staff: bool | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    account_before: dict[str, Any] | None = None
    enrollment_id: int | None = None
    error_code: str = ""
    error_column: str = ""
    error_message: str = ""
    error_hint: str = ""
    result: str = ""


COLUMNS = [column.name for column in fields(PlannedRow)]
COLUMN_LIST = ", ".join(COLUMNS)
READ_LIST = COLUMN_LIST.replace("curriculum_uuid", "curriculum_uuid::text")
DECIDED = (
    "outcome",
    "before",
    "after",
    "account_before",
    "enrollment_id",
    "error_code",
    "error_column",
    "error_message",
    "error_hint",
)
"""What deciding about a row sets."""
JSON_COLUMNS = ("before", "after", "account_before")

# A window of positions, which has no more rows than that, and LIMIT nothing to sort for: the planner's statistics are
# stale while an import runs.
IN_FILE_ORDER = """
position > %(position)s AND position < %(at_most)s + (
    SELECT min(position) FROM imports_importrow WHERE owner_id = %(owner)s AND position > %(position)s
)
ORDER BY position
"""
# The comparison of both columns at once lets the index end the search; an OR would read a run from its beginning.
BY_COURSE_RUN = """
course_key <> '' AND (course_key, position) > (%(course_key)s, %(position)s)
ORDER BY course_key, position LIMIT %(at_most)s
"""
READ_AFTER = {ImportKind.PROGRAM_ENROLLMENTS: IN_FILE_ORDER, ImportKind.COURSE_ENROLLMENTS: BY_COURSE_RUN}
READ_NAMES = f"""
SELECT position, student_key, outcome = 'drop', outcome <> 'reject' AND result = ''
FROM imports_importrow WHERE owner_id = %(owner)s AND {IN_FILE_ORDER}
"""  # noqa: S608 -- constants only
REWRITE = """
UPDATE imports_importrow AS r
SET outcome = w.outcome, before = w.before, after = w.after, account_before = w.account_before,
    enrollment_id = w.enrollment_id, error_code = w.error_code, error_column = w.error_column,
    error_message = w.error_message, error_hint = w.error_hint
FROM unnest(
    %s::int[], %s::text[], %s::jsonb[], %s::jsonb[], %s::jsonb[], %s::bigint[], %s::text[], %s::text[], %s::text[],
    %s::text[]
) AS w(
    position, outcome, before, after, account_before, enrollment_id, error_code, error_column, error_message, error_hint
)
WHERE r.owner_id = %s AND r.position = w.position
"""


def copy_rows(import_id: UUID, rows: Iterable[PlannedRow]) -> None:
    """Add rows to an import's plan, in the caller's transaction."""
    owner = str(import_id)
    api.copy_into(
        "imports_importrow",
        f"owner_id, {COLUMN_LIST}",
        ([owner, *[_as_stored(getattr(row, name)) for name in COLUMNS]] for row in rows),
    )


class NextRow(NamedTuple):
    """A row that is to be carried out next; `is_todo` is false where there is nothing to do."""

    position: int
    student_key: str
    is_drop: bool
    is_todo: bool


def read_next_names(item: Import, *, at_most: int) -> list[NextRow]:
    """Return the rows of program enrollments that follow those carried out so far, in the order of the file."""
    with connection.cursor() as cursor:
        cursor.execute(
            READ_NAMES,
            {"owner": item.pk, "position": item.done_position, "at_most": at_most},
        )
        return [NextRow(*values) for values in cursor.fetchall()]


def read_rows(item: Import, positions: Collection[int]) -> list[PlannedRow]:
    """Return the rows at some positions of the plan."""
    return _read("position = ANY (%(positions)s)", {"owner": item.pk, "positions": list(positions)})


def read_next_rows(item: Import, *, at_most: int) -> list[PlannedRow]:
    """Return the rows that follow those carried out so far, in the order in which rows are carried out.

    Rows that name no course run are left out: all of them are rejects.
    """
    return _read(
        READ_AFTER[ImportKind(item.kind)],
        {
            "owner": item.pk,
            "course_key": item.done_course_key,
            "position": item.done_position,
            "at_most": at_most,
        },
    )


def _read(condition: str, values: Mapping[str, Any]) -> list[PlannedRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {READ_LIST} FROM imports_importrow WHERE owner_id = %(owner)s AND {condition}", values)  # noqa: S608 -- constants only
        rows = [PlannedRow(*row) for row in cursor.fetchall()]
    for row in rows:
        row.curriculum_uuid = read_uuid(row.curriculum_uuid)
        for name in JSON_COLUMNS:
            setattr(row, name, _load(cast(str | None, getattr(row, name))))
    return rows


def rewrite_rows(import_id: UUID, rows: Sequence[PlannedRow]) -> None:
    """Store what was decided anew about rows of a plan."""
    arrays: list[list[Any]] = [[row.position for row in rows]]
    for name in DECIDED:
        values = [getattr(row, name) for row in rows]
        arrays.append([_dump(value) for value in values] if name in JSON_COLUMNS else values)
    with connection.cursor() as cursor:
        cursor.execute(REWRITE, [*arrays, import_id])


def _as_stored(value: Any) -> Any:
    return _dump(value) if isinstance(value, dict) else value


def _dump(value: dict[str, Any] | None) -> str | None:
    return None if value is None else _dump_items(tuple(value.items()))


# Of all of these, few differ in a file.


@lru_cache(maxsize=256)
def read_uuid(text: str | None) -> UUID | None:
    """Return the UUID that a text spells."""
    return None if text is None else UUID(text)


@lru_cache(maxsize=256)
def _dump_items(items: tuple[tuple[str, Any], ...]) -> str:
    return json.dumps(dict(items))


@lru_cache(maxsize=256)
def _load(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.loads(text)
