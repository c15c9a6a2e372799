"""What is counted about enrollments, for Prometheus."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import Counter

ENROLLMENTS_WRITTEN = Counter(
    "enrollments_written",
    "Learners in requests that write enrollments, by what is enrolled in and the outcome; imports are not counted.",
    ["kind", "result"],
)


def count_written(kind: str, outcomes: Iterable[str]) -> None:
    """Count the outcomes of a write: statuses that now stand, and failures."""
    for result, times in Tally(outcomes).items():
        ENROLLMENTS_WRITTEN.labels(kind, str(result)).inc(times)
