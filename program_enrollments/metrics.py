"""What is counted about enrollments, for Prometheus."""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping

from prometheus_client import Counter

ENROLLMENTS_WRITTEN = Counter(
    "enrollments_written",
    "Learners in requests that write enrollments, by what is enrolled in and the outcome; imports are counted apart.",
    ["kind", "result"],
)


def count_written(kind: str, outcomes: Iterable[str]) -> None:
    """Count the outcomes of a write: statuses that now stand, and failures."""
    for result, times in Tally(outcomes).items():
        ENROLLMENTS_WRITTEN.labels(kind, str(result)).inc(times)


def begin_at_zero(results: Mapping[str, Iterable[str]]) -> None:
    """Let the series of {kind: its results} be there before anything is counted.

    Prometheus sees growth between two values; in a series that begins with its first failure, it would miss that one.
    """
    for kind, kind_results in results.items():
        for result in kind_results:
            ENROLLMENTS_WRITTEN.labels(kind, result)
