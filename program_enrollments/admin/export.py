"""A selection of enrollments as a CSV file."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from program_enrollments.safe_csv import escape_cell


class _Echo:
    """A file whose write() hands the text back, so that rows can be streamed."""

    def write(self, text: str) -> str:
        return text


def stream_csv(
    filename: str, columns: Sequence[str], rows: Iterable[Any], cells_of: Callable[[Any], Sequence[object]]
) -> StreamingHttpResponse:
    """Answer with one line for each row, written as it is read."""
    return StreamingHttpResponse(
        _lines(columns, rows, cells_of),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def _lines(columns: Sequence[str], rows: Iterable[Any], cells_of: Callable[[Any], Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([escape_cell("" if cell is None else str(cell)) for cell in cells_of(row)])
