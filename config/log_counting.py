"""Counting the lines of the log that tell of faults, for Prometheus: what has no status and no row of its own.

Processes that answer `/metrics` are counted; workers and commands have their lines only.
"""

import logging

from prometheus_client import Counter

ERROR_LINES = Counter("enrollments_error_lines", "Lines of level ERROR and above in the log, by logger.", ["logger"])


class CountingHandler(logging.Handler):
    """Counts the lines that reach it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            ERROR_LINES.labels(record.name).inc()
        except OSError:  # counts of several processes are files
            self.handleError(record)
