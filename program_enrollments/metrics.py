"""What is counted about enrollments, for Prometheus."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import Counter

from program_enrollments.constants import (
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteFailure,
    WriteKind,
)

ENROLLMENTS_WRITTEN = Counter(
    "enrollments_written",
    "Learners in requests that write enrollments, by what is enrolled in and the outcome; imports are counted apart.",
    ["kind", "result"],
)
RESULTS = {
    WriteKind.PROGRAM: (*ProgramEnrollmentStatus.values, *WriteFailure.values),
    WriteKind.COURSE_RUN: (*ProgramCourseEnrollmentStatus.values, *WriteFailure.values),
}
"""{kind: what may become of a learner's record}."""


def count_written(kind: WriteKind, outcomes: Iterable[str]) -> None:
    """Count the outcomes of a write: statuses that now stand, and failures."""
    for result, times in Tally(outcomes).items():
        ENROLLMENTS_WRITTEN.labels(kind.value, str(result)).inc(times)


def begin_at_zero() -> None:
    """Let the series of all kinds and results be there before anything is counted.

    Prometheus sees growth between two values; in a series that begins with its first failure, it would miss that one.
    """
    for kind, results in RESULTS.items():
        for result in results:
            ENROLLMENTS_WRITTEN.labels(kind.value, result)
