"""CSV files, whatever the separator and the line breaks."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Final

from imports.reading.columns import Column, ColumnMap, is_blank, names_by_title
from imports.reading.records import FileNotes, FileRefused, FileRow, Reject, take_rows
from imports.reading.sources import EXPECTED, MAX_RECORD_CHARACTERS, TextSource

DELIMITERS: Final = (",", ";", "\t")
MAX_COLUMNS: Final = 1_000

_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

# The module's limit holds for the whole process. `Lines` bounds a record before a cell could reach this one.
csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_CHARACTERS))

_CUT: Final = Reject(
    "line_break",
    None,
    "The row begins or ends with another kind of line break than the first line of the file has.",
    "Remove the line break inside the value. If many rows are affected, open and save the file again.",
)


class TableRoster:
    """The rows of a CSV file; see `RosterFile`."""

    def __init__(self, source: TextSource, *, columns: tuple[Column, ...], max_rows: int) -> None:
        self._source = source
        self._max_rows = max_rows
        self._delimiter, self.header = _find_header(source, columns)
        self._columns = ColumnMap(self.header, columns)
        self.notes = FileNotes(source.encoding.name, self._delimiter, self._columns.unknown)

    def __iter__(self) -> Iterator[FileRow]:
        return take_rows(self._read_rows(), at_most=self._max_rows)

    def _read_rows(self) -> Iterator[FileRow]:
        """Yield the rows beneath the header, without those that are blank."""
        with self._source.open_text() as text:
            lines = Lines(text)
            records = read_records(lines, self._delimiter)
            _skip_to_header(records)
            if self._source.has_mixed_breaks:
                yield from self._read_between_mixed_breaks(records, lines)
            else:
                read_row = self._columns.read_row
                for line, cells in records:
                    if row := read_row(line, cells):
                        yield row

    def _read_between_mixed_breaks(self, records: Iterable[tuple[int, list[str]]], lines: "Lines") -> Iterator[FileRow]:
        """Reject the pieces of a row that an unquoted CR cut apart in a file of LF, or the other way round.

        Nobody can tell such a CR from the end of a row, and a piece of a key must not pass for a key. Before an empty
        line it is harmless: some systems end every row with CR CR LF. (The last record is always a blank one.)
        """
        usual = lines.latest_break
        held: tuple[int, list[str]] | None = None
        is_rest = is_unusual = False
        for record in records:
            is_cut = is_unusual and not is_blank(record[1])
            if held and (row := self._read_piece(*held, is_piece=is_rest or is_cut)):
                yield row
                is_rest = is_cut
            held = None if is_blank(record[1]) else record
            is_rest = is_rest and held is not None
            is_unusual = held is not None and lines.latest_break not in ("", usual)

    def _read_piece(self, line: int, cells: list[str], *, is_piece: bool) -> FileRow | None:
        return self._columns.reject_row(line, cells, _CUT) if is_piece else self._columns.read_row(line, cells)


class Lines:
    """The physical lines of a text, counted so that an open quotation mark cannot bring the whole file into memory."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._latest = ""
        self.record_line = 1
        self.record_characters = 0

    @property
    def latest_break(self) -> str:
        """How the latest line ended: CR alone, anything with LF, or (the last line) "" for nothing."""
        return self._latest[-1:] if self._latest.endswith(("\r", "\n")) else ""

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self._latest = line
            self.record_characters += len(line)
            if self.record_characters > MAX_RECORD_CHARACTERS:
                raise FileRefused(
                    "row_too_long",
                    f"The row that starts on line {self.record_line} has more than {MAX_RECORD_CHARACTERS:,} "
                    "characters; expected fewer. Probably a quotation mark is opened there and not closed.",
                )
            yield line
        yield ""  # a record of its own, unless a quotation mark is still open


def read_records(lines: Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record, blank ones and one more at the end too, with the physical line on which it starts."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    latest = start = 1
    cells: list[str] = []
    for cells in reader:
        yield start, cells
        latest = start
        lines.record_line = start = reader.line_num + 1
        lines.record_characters = 0
    if cells:
        raise FileRefused(
            "unclosed_quote",
            f"A quotation mark is opened in the row that starts on line {latest} and never closed, so that the rest of "
            "the file would be one value; expected a closing quotation mark.",
        )


def _skip_to_header(records: Iterable[tuple[int, list[str]]]) -> tuple[str, ...]:
    """Read up to the first record that is not blank, and return it; () when there is none."""
    return next((tuple(cells) for _, cells in records if not is_blank(cells)), ())


def _find_header(source: TextSource, columns: tuple[Column, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter by which the header has most columns that are known, and the header."""
    headers = {}
    for delimiter in DELIMITERS:
        with source.open_text() as text:
            headers[delimiter] = _skip_to_header(read_records(Lines(text), delimiter))
    titles = names_by_title(columns)
    delimiter = max(
        DELIMITERS,
        key=lambda each: (sum(title.strip().lower() in titles for title in headers[each]), len(headers[each])),
    )
    header = headers[delimiter]
    if not header:
        raise FileRefused("empty_file", f"The file has blank lines only; {EXPECTED}.")
    if len(header) > MAX_COLUMNS:
        raise FileRefused(
            "too_many_columns",
            f"The first line of the file has {len(header):,} columns; expected at most {MAX_COLUMNS:,}.",
        )
    if any(map(_NO_TEXT.search, header)):
        raise FileRefused(
            "not_text",
            "The first line of the file holds control characters, as in a file of a program or in UTF-16 without a "
            f"byte-order mark; {EXPECTED}.",
        )
    return delimiter, header
