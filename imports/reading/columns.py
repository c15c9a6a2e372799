"""The columns of each kind of file, and what their values must look like.

Only shape is judged here. Whether a status is one, or a curriculum or course run is known, is for those who plan.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from imports.reading.records import FileRefused, FileRow, Reject, make_printable, quote
from program_enrollments.safe_csv import unescape_uploaded_cell

MAX_VALUE_CHARACTERS: Final = 255
MAX_NAMED_UNKNOWN_COLUMNS: Final = 50
KEY_ALIAS: Final = "external_user_key"

_SURROGATE = re.compile("[\ud800-\udfff]")
_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "1"), "true"),
    **dict.fromkeys(("false", "f", "no", "0"), "false"),
    "": "",
}


class ValueRefused(Exception):
    """One value makes its row a reject."""

    def __init__(self, code: str, column: str | None, message: str, hint: str) -> None:
        super().__init__(message)
        self.reject = Reject(code, column, message, hint)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is known. `read` takes untrimmed text, gives the value and raises ValueRefused."""

    name: str
    is_required: bool
    is_key: bool
    read: Callable[[str], str]


def _key_column(name: str) -> Column:
    def read(text: str) -> str:
        value = text.strip()
        if text.isprintable() and 0 < len(value) <= MAX_VALUE_CHARACTERS:
            return value
        if "\n" in text or "\r" in text:
            raise ValueRefused(
                "line_break",
                name,
                f"The {name} holds a line break.",
                "Remove the line break inside the quotation marks, also one at the very beginning or end.",
            )
        _check_characters(name, value)
        _check_present(name, value)
        _check_length(name, value)
        return value

    return Column(name, is_required=True, is_key=True, read=read)


def _read_status(text: str) -> str:
    value = text.strip()
    _check_characters("status", value)
    _check_present("status", value)
    _check_length("status", value)
    return value


def _read_curriculum_uuid(text: str) -> str:
    value = text.strip()
    if value and not _UUID.fullmatch(value):
        raise ValueRefused(
            "invalid_uuid",
            "curriculum_uuid",
            f"The curriculum_uuid {quote(value)} is not a uuid.",
            "Write it like 0d1cd5e0-9d5b-4c39-8d5e-6b0a3c2f4e11, or leave it blank for the program's own curriculum.",
        )
    return value


def _read_course_staff(text: str) -> str:
    value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ValueRefused(
            "invalid_boolean",
            "course_staff",
            f"The course_staff {quote(text.strip())} is neither true nor false.",
            "Write true or false, yes or no, 1 or 0, or leave it blank to change nothing.",
        )
    return value


_STUDENT_KEY = _key_column("student_key")
_STATUS = Column("status", is_required=True, is_key=False, read=_read_status)

COLUMNS_BY_KIND: Final[Mapping[str, tuple[Column, ...]]] = MappingProxyType(
    {
        "program_enrollments": (
            _STUDENT_KEY,
            _STATUS,
            Column("curriculum_uuid", is_required=False, is_key=False, read=_read_curriculum_uuid),
        ),
        "course_enrollments": (
            _key_column("course_id"),
            _STUDENT_KEY,
            _STATUS,
            Column("course_staff", is_required=False, is_key=False, read=_read_course_staff),
        ),
    }
)
"""{kind: columns}; the order is that of the files that the service writes itself."""


def _check_present(name: str, value: str) -> None:
    if not value:
        raise ValueRefused("missing_value", name, f"The {name} is missing.", f"Fill in the {name}, or remove the row.")


def _check_length(name: str, value: str) -> None:
    if len(value) > MAX_VALUE_CHARACTERS:
        raise ValueRefused(
            "too_long",
            name,
            f"The {name} has {len(value):,} characters, and at most {MAX_VALUE_CHARACTERS} are possible.",
            "Check whether a separator or a closing quotation mark is missing in this row.",
        )


def _check_characters(name: str, value: str) -> None:
    if "\x00" in value:
        raise ValueRefused(
            "nul_character",
            name,
            f"The {name} holds a NUL character, which no text can hold.",
            "Export the file again, and look at this value in the system it comes from.",
        )
    if _SURROGATE.search(value):
        raise ValueRefused(
            "lone_surrogate",
            name,
            f"The {name} holds half of a character (a lone surrogate).",
            "Export the file again, as UTF-8 if you can choose.",
        )


def is_blank(cells: list[str]) -> bool:
    """Tell whether a record is an empty line, or one of separators only."""
    return not any(map(str.strip, cells))


def names_by_title(columns: tuple[Column, ...]) -> dict[str, str]:
    """Return {title in lower case: column}, aliases included."""
    return {column.name: column.name for column in columns} | {KEY_ALIAS: _STUDENT_KEY.name}


class ColumnMap:
    """Where the known columns of a kind stand in a file's header. Raises FileRefused when they do not stand there."""

    def __init__(self, header: tuple[str, ...], columns: tuple[Column, ...]) -> None:
        positions: dict[str, int] = {}
        unknown: dict[str, None] = {}
        known = names_by_title(columns)
        for position, title in enumerate(header):
            name = known.get(title.strip().lower())
            if name is None:
                unknown[title.strip()] = None
            elif name in positions:
                raise FileRefused(
                    "duplicate_column",
                    f"The header has two columns for {name}, {quote(header[positions[name]].strip())} and "
                    f"{quote(title.strip())}; expected one.",
                )
            else:
                positions[name] = position
        self.width = len(header)
        self.unknown = tuple(
            make_printable(name, length=MAX_VALUE_CHARACTERS)
            for name in list(filter(None, unknown))[:MAX_NAMED_UNKNOWN_COLUMNS]
        )
        self._absent = [column.name for column in columns if column.name not in positions]
        self._present = [(column, positions[column.name]) for column in columns if column.name in positions]
        self._readers = [
            (column.name, position, _unescaped(column.read) if column.is_key else _Remembering(column.read).__getitem__)
            for column, position in self._present
        ]
        self._check_required(header, [column.name for column in columns if column.is_required], positions)

    @staticmethod
    def _check_required(header: tuple[str, ...], required: list[str], positions: Mapping[str, int]) -> None:
        missing = [name for name in required if name not in positions]
        if not missing:
            return
        expected = (
            f"expected a header line with {', '.join(required)} among its columns, "
            "separated by commas, semicolons or tabs"
        )
        found = quote(", ".join(title.strip() for title in header[:20]), length=200)
        if len(missing) == len(required):
            raise FileRefused("no_header", f"The first line of the file is {found}; {expected}.")
        raise FileRefused(
            "missing_column", f"The header has no column {', '.join(missing)}; found {found}, {expected}."
        )

    def read_row(self, line: int, cells: list[str]) -> FileRow | None:
        """Return the row that these cells make, None for a blank one. Cells left off at the end count as blank."""
        uploaded = tuple(cells)
        if len(cells) < self.width:
            cells = cells + [""] * (self.width - len(cells))
        try:
            values = {name: read(cells[position]) for name, position, read in self._readers}
        except ValueRefused as refused:
            if is_blank(cells):
                return None
            return FileRow(line, self._show(cells), uploaded, refused.reject)
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            return FileRow(line, self._show(cells), uploaded, self._too_many(uploaded))
        for name in self._absent:
            values[name] = ""
        return FileRow(line, values, uploaded, None)

    def reject_row(self, line: int, cells: list[str], reject: Reject) -> FileRow:
        """Return the row for cells that cannot be trusted to belong together."""
        return FileRow(line, self._show(cells), tuple(cells), reject)

    def _show(self, cells: list[str]) -> dict[str, str]:
        shown = dict.fromkeys(self._absent, "")
        for column, position in self._present:
            cell = cells[position] if position < len(cells) else ""
            shown[column.name] = unescape_uploaded_cell(cell).strip()[:MAX_VALUE_CHARACTERS]
        return shown

    def _too_many(self, cells: tuple[str, ...]) -> Reject:
        return Reject(
            "too_many_cells",
            None,
            f"The row has {len(cells)} cells, and the header has {self.width}.",
            "Put quotation marks around a value that holds the separator.",
        )


class _Remembering(dict[str, str]):
    """Values by their text, for columns in which few texts come again and again."""

    ROOM: Final = 1_000

    def __init__(self, read: Callable[[str], str]) -> None:
        super().__init__()
        self._read = _unescaped(read)

    def __missing__(self, text: str) -> str:
        value = self._read(text)
        if len(self) < self.ROOM and len(text) <= MAX_VALUE_CHARACTERS:
            self[text] = value
        return value


def _unescaped(read: Callable[[str], str]) -> Callable[[str], str]:
    """Read values of cells that may have been made safe for spreadsheets."""

    def read_cell(cell: str) -> str:
        return read(unescape_uploaded_cell(cell) if "'" in cell else cell)

    return read_cell
