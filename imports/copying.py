"""Writing the rows of a plan with COPY, the fastest way into PostgreSQL."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from io import StringIO
from typing import Any
from uuid import UUID

from django.db import connection

from imports.constants import RowOutcome
from imports.models import ImportRow

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(slots=True)
class PlannedRow:
    """A row of a plan on its way into the database; the fields are those of `ImportRow`."""

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
    enrollment_id: int | None = None
    error_code: str = ""
    error_column: str = ""
    error_message: str = ""
    error_hint: str = ""


COLUMNS = [column.name for column in fields(PlannedRow)]


def copy_rows(import_id: UUID, rows: Iterable[PlannedRow]) -> None:
    """Add rows to an import's plan, in the caller's transaction."""
    buffer = StringIO()
    owner = str(import_id)
    for row in rows:
        values = [owner, "", *[getattr(row, name) for name in COLUMNS]]
        buffer.write("\t".join(map(_as_text, values)))
        buffer.write("\n")
    buffer.seek(0)
    columns = ", ".join(f'"{column}"' for column in ("owner_id", "result", *COLUMNS))
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {ImportRow._meta.db_table} ({columns}) FROM STDIN", buffer)


def _as_text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(ESCAPES) if not value.isalnum() else value
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value).translate(ESCAPES)
    return str(value)
