"""The form of result files: JSON and CSV as Registrar wrote them, one record at a time."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from program_enrollments.safe_csv import escape_cell

LINE_BREAK = "\r\n"


def write_json(file: IO[str], records: Iterable[Mapping[str, Any]]) -> None:
    """Write an array, indented by four spaces; the members of a record come in its own order."""
    file.write("[")
    separator = "\n"
    for record in records:
        members = ",\n".join(f"        {json.dumps(name)}: {json.dumps(value)}" for name, value in record.items())
        file.write(f"{separator}    {{\n{members}\n    }}")
        separator = ",\n"
    file.write("]" if separator == "\n" else "\n]")


def write_csv(file: IO[str], columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """Write a header and one line for each record, safe for spreadsheets; what a record lacks is empty."""
    lines = csv.writer(file, lineterminator=LINE_BREAK)
    lines.writerow(columns)
    for record in records:
        lines.writerow([as_cell(record.get(column)) for column in columns])


def as_cell(value: Any) -> str:
    """Return the cell for a value: booleans as `True` and `False`, None empty."""
    return "" if value is None else escape_cell(str(value))
