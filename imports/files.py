"""Reading uploaded rosters as schools really send them (imports page). No database, no request: bytes in, rows out."""

from typing import BinaryIO, Final

from imports.reading.columns import COLUMNS_BY_KIND
from imports.reading.json_lines import JSONLinesRoster
from imports.reading.records import FileNotes, FileRefused, FileRow, Reject, RosterFile
from imports.reading.sources import EXPECTED, TextSource
from imports.reading.tables import TableRoster

__all__ = ["FileNotes", "FileRefused", "FileRow", "Reject", "RosterFile", "open_roster"]

MAX_UNPACKED_BYTES: Final = 250_000_000
MAX_ROWS: Final = 1_000_000
NDJSON_TYPES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
NDJSON_SUFFIXES: Final = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")

_LINES_PER_ROW: Final = 10


def open_roster(
    file: BinaryIO,
    *,
    kind: str,
    content_type: str | None = None,
    file_name: str | None = None,
    max_bytes: int = MAX_UNPACKED_BYTES,
    max_rows: int = MAX_ROWS,
) -> RosterFile:
    """Recognize an uploaded file and return its rows, to be iterated while `file` is open.

    `file` must be seekable and is left open; its content is read twice and never held in memory. `kind` is one of
    `ImportKind`. `max_bytes` counts what the file unpacks to.

    Raises: FileRefused when there is no text, no known header, or more than the limits.
    """
    columns = COLUMNS_BY_KIND[kind]
    source = TextSource(file, max_bytes=max_bytes, max_lines=max_rows * _LINES_PER_ROW)
    first = _find_first_character(source)
    if first == "[" and not _is_called_ndjson(content_type, file_name):
        raise FileRefused(
            "not_ndjson", "The file is one JSON list; expected one JSON object on each line (NDJSON), without a list."
        )
    if first == "{" or _is_called_ndjson(content_type, file_name):
        return JSONLinesRoster(source, columns=columns, max_rows=max_rows)
    return TableRoster(source, columns=columns, max_rows=max_rows)


def _is_called_ndjson(content_type: str | None, file_name: str | None) -> bool:
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return media_type in NDJSON_TYPES or (file_name or "").lower().endswith(NDJSON_SUFFIXES)


def _find_first_character(source: TextSource) -> str:
    with source.open_text() as text:
        for line in text:
            if beginning := line.strip():
                return beginning[0]
    raise FileRefused("empty_file", f"The file has blank lines only; {EXPECTED}.")
