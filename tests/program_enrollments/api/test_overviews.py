"""How far a learner is in a course run (contract section 5.3)."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.constants import Pacing
from catalog.service import CourseRun
from learners.service import CourseCertificate
from program_enrollments.api.overviews import decide_course_run_status
from tests.factories.learners import RUN_KEY

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FRESH, OLD, FAILED = "a certificate of 29 days", "a certificate of 30 days", "an old one that is no pass"
CERTIFICATES = {
    FRESH: CourseCertificate(is_passing=True, created_at=NOW - timedelta(days=29), download_url=""),
    OLD: CourseCertificate(is_passing=True, created_at=NOW - timedelta(days=30), download_url=""),
    FAILED: CourseCertificate(is_passing=False, created_at=NOW - timedelta(days=90), download_url=""),
}


def days(number):
    return None if number is None else NOW + timedelta(days=number)


@pytest.mark.parametrize(
    ("pacing", "start", "end", "certificate", "status"),
    [
        ("instructor", -1, None, None, "in_progress"),
        ("instructor", 0, None, None, "in_progress"),
        ("instructor", -2, 1, None, "in_progress"),
        ("instructor", -2, 0, None, "in_progress"),
        ("instructor", -2, -1, None, "completed"),
        ("instructor", 1, 2, None, "upcoming"),
        ("instructor", None, None, None, "upcoming"),
        ("instructor", None, 1, None, "upcoming"),
        ("instructor", -1, 1, OLD, "in_progress"),
        ("self", -1, None, None, "in_progress"),
        ("self", -1, 1, FRESH, "in_progress"),
        ("self", -1, 1, OLD, "completed"),
        ("self", -1, None, OLD, "completed"),
        ("self", -1, 1, FAILED, "in_progress"),
        ("self", -2, -1, None, "completed"),
        ("self", 1, None, None, "upcoming"),
        ("self", None, None, None, "upcoming"),
    ],
)
def test_status_follows_pacing_dates_and_certificate(pacing, start, end, certificate, status):
    run = CourseRun(
        key=RUN_KEY,
        external_key=None,
        title="Toys",
        marketing_url="",
        start=days(start),
        end=days(end),
        pacing=Pacing(pacing),
        email_enabled=False,
        due_dates=(),
    )

    assert decide_course_run_status(run, CERTIFICATES.get(certificate), now=NOW) == status
