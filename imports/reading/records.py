"""What is read from an uploaded file: its rows, and what is wrong with them or with the file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol


class FileRefused(Exception):
    """The file as a whole cannot be read. Its text says what was found and what was expected."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class FileNotes:
    """How a file was read, to be told with the result.

    `encoding` is "utf-8", "utf-8-sig", "utf-16" or "windows-1252"; `delimiter` is ",", ";" or a tab, None for NDJSON;
    `unknown_columns` are the first 50 names that were ignored, printable and at most 255 characters long.
    """

    encoding: str
    delimiter: str | None
    unknown_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """Why one row cannot be used; `column` is None when no single column is at fault."""

    code: str
    column: str | None
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """One record of the file.

    `line` is the physical line on which it starts, the file's first being 1. `values` has every column of the kind:
    trimmed text, "" when blank or absent, `course_staff` as "true" or "false". `cells` is the row as uploaded, all
    columns in the file's order; of NDJSON, the line as its one cell. Where there is a `reject`, `values` are for
    people: cut to 255 characters, and, as `cells` always, perhaps with NULs and lone surrogates, which PostgreSQL
    cannot store.
    """

    line: int
    values: Mapping[str, str]
    cells: tuple[str, ...]
    reject: Reject | None


class RosterFile(Protocol):
    """A file of which the beginning was read and found good.

    Every iteration reads the rows anew from the file, so one must end before the next begins. It raises FileRefused
    for what only shows on the way (`too_many_rows`, `unclosed_quote`). `header` is as uploaded; NDJSON, which has
    none, gets one name for its one cell, and learns of its unknown columns while it is iterated.
    """

    @property
    def notes(self) -> FileNotes:
        """How the file was read so far."""

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns of `FileRow.cells`."""

    def __iter__(self) -> Iterator[FileRow]: ...


def take_rows(rows: Iterator[FileRow], *, at_most: int) -> Iterator[FileRow]:
    """Yield the rows. Raises: FileRefused when there are more."""
    yield from islice(rows, at_most)
    if next(rows, None) is not None:
        raise FileRefused(
            "too_many_rows",
            f"The file has more than {at_most:,} rows; expected at most so many. Split it into several.",
        )


def make_printable(text: str, *, length: int) -> str:
    """Return the beginning of a text from a file, on one line and fit for every database and log."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:length])


def quote(text: str, *, length: int = 80) -> str:
    """Return a text from a file for a message."""
    return f'"{make_printable(text, length=length)}{"…" if len(text) > length else ""}"'
