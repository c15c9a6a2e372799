"""Long files that are sent while PostgreSQL still writes them."""

import os
from collections.abc import Iterator, Sequence
from threading import Thread
from typing import Any

from django.db import connection

CHUNK_BYTES = 1 << 16


def stream_copy(query: str, parameters: Sequence[Any] = (), *, options: str) -> Iterator[bytes]:
    """Yield what `COPY (query) TO STDOUT (options)` writes; memory does not grow with it.

    Uses the connection of the thread that iterates, which can do nothing else until the end. Raises: DatabaseError:
    the file is not complete. An iteration that is given up stops the query.
    """
    with connection.cursor() as cursor:
        statement = cursor.mogrify(f"COPY ({query}) TO STDOUT (FORMAT csv{options})", parameters).decode()
        reading, writing = os.pipe()
        copying = _Copying(cursor, statement, writing)
        copying.start()
        try:
            while chunk := os.read(reading, CHUNK_BYTES):
                yield chunk
        finally:
            # COPY writes until its reader goes away, so that it is ended before the pipe is.
            if copying.is_alive():
                connection.connection.cancel()
            while os.read(reading, CHUNK_BYTES):
                pass
            copying.join()
            os.close(reading)
    if copying.fault is not None:
        with connection.wrap_database_errors:
            raise copying.fault


class _Copying(Thread):
    """Writes a COPY into a pipe; `fault` is what ended it early. psycopg2 lets go of Python's lock while it waits."""

    def __init__(self, cursor: Any, statement: str, writing: int) -> None:
        super().__init__(daemon=True)
        self._cursor = cursor
        self._statement = statement
        self._writing = writing
        self.fault: Exception | None = None

    def run(self) -> None:
        with os.fdopen(self._writing, "wb", buffering=CHUNK_BYTES) as pipe:
            try:
                self._cursor.copy_expert(self._statement, pipe)
            except Exception as error:  # raised again where the file is read
                self.fault = error
