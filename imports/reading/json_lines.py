"""NDJSON files: one JSON object on each line, with the members that a record of the API has."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from imports.reading.columns import (
    KEY_ALIAS,
    MAX_NAMED_UNKNOWN_COLUMNS,
    MAX_VALUE_CHARACTERS,
    Column,
    ValueRefused,
    names_by_title,
)
from imports.reading.records import FileNotes, FileRow, make_printable, take_rows
from imports.reading.sources import TextSource

_EXAMPLE: Final = 'Write one object on each line, like {"student_key": "a1", "status": "enrolled"}.'


class JSONLinesRoster:
    """The rows of an NDJSON file; see `RosterFile`."""

    header: Final = ("record",)

    def __init__(self, source: TextSource, *, columns: tuple[Column, ...], max_rows: int) -> None:
        self._source = source
        self._max_rows = max_rows
        self._columns = columns
        self._known = set(names_by_title(columns))
        self._blanks = {column.name: "" for column in columns}
        self._unknown: dict[str, None] = {}

    @property
    def notes(self) -> FileNotes:
        """How the file was read so far; members that are unknown are found on the way."""
        return FileNotes(self._source.encoding.name, None, tuple(self._unknown))

    def __iter__(self) -> Iterator[FileRow]:
        return take_rows(self._read_rows(), at_most=self._max_rows)

    def _read_rows(self) -> Iterator[FileRow]:
        """Yield a row for each line that is not blank."""
        with self._source.open_text() as text:
            for number, line in enumerate(text, start=1):
                if not line.isspace():
                    yield self._read_row(number, line.strip("\r\n"))

    def _read_row(self, number: int, line: str) -> FileRow:
        values = dict(self._blanks)
        try:
            record = _parse(line)
            self._note_unknown(record)
            members = {column.name: record.get(column.name) for column in self._columns}
            members["student_key"] = _choose_student_key(record)
            texts = {column.name: _as_text(column, members[column.name]) for column in self._columns}
            values = {name: text.strip()[:MAX_VALUE_CHARACTERS] for name, text in texts.items()}
            values = {column.name: column.read(texts[column.name]) for column in self._columns}
        except ValueRefused as refused:
            return FileRow(number, values, (line,), refused.reject)
        return FileRow(number, values, (line,), None)

    def _note_unknown(self, record: dict[str, Any]) -> None:
        for name in record.keys() - self._known:
            if len(self._unknown) < MAX_NAMED_UNKNOWN_COLUMNS:
                self._unknown[make_printable(name, length=MAX_VALUE_CHARACTERS)] = None


def _parse(line: str) -> dict[str, Any]:
    try:
        record = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise ValueRefused(
            "invalid_json", None, f"The line is not JSON: {error.msg} at character {error.colno}.", _EXAMPLE
        ) from error
    except ValueError as error:
        raise ValueRefused("invalid_json", None, "The line holds a number that cannot be read.", _EXAMPLE) from error
    except RecursionError as error:
        raise ValueRefused("invalid_json", None, "The line is nested too deeply.", _EXAMPLE) from error
    if not isinstance(record, dict):
        raise ValueRefused("not_an_object", None, "The line is JSON, but not an object.", _EXAMPLE)
    return record


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueRefused(
            "duplicate_member", None, "The object names one of its members twice.", "Leave one of the two."
        )
    return members


def _parse_decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:  # an exponent beyond all bounds
        raise ValueError(text) from error


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)  # NaN and Infinity, which Python reads and JSON does not know


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique_members, parse_float=_parse_decimal, parse_constant=_refuse_constant
)


def _choose_student_key(record: dict[str, Any]) -> Any:
    key, alias = record.get("student_key"), record.get(KEY_ALIAS)
    if key is not None and alias is not None and _as_scalar(key) != _as_scalar(alias):
        raise ValueRefused(
            "conflicting_keys",
            "student_key",
            f"The student_key and the {KEY_ALIAS}, which is its other name, differ.",
            "Leave one of the two.",
        )
    return alias if key is None else key


def _as_text(column: Column, value: Any) -> str:
    """Return the text that a member stands for, numbers as their digits (contract section 9), null as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if column.name == "status" or (column.name == "course_staff" and isinstance(value, bool)):
        return _as_scalar(value)
    if column.is_key and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _as_scalar(value)
    expected = "a text or a number" if column.is_key else "true or false" if column.name == "course_staff" else "a text"
    raise ValueRefused(
        "invalid_value", column.name, f"The {column.name} is not {expected}.", f"Send the {column.name} as {expected}."
    )


def _as_scalar(value: Any) -> str:
    # Lists and objects may be nested deeper than can be printed.
    if isinstance(value, list | dict):
        return "[…]" if isinstance(value, list) else "{…}"
    return str(value).strip()
