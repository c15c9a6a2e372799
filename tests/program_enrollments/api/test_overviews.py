"""How far a learner is in a course run (contract section 5.3)."""

from datetime import UTC, datetime, timedelta

import pytest

from access.service import ProgramAccess, Role
from catalog.constants import Pacing
from catalog.service import CourseRun
from learners.service import CourseCertificate
from program_enrollments.api import get_program
from program_enrollments.api.overviews import decide_course_run_status, get_learner_for_others
from program_enrollments.exceptions import LearnerDoesNotExist, OverviewForbidden
from tests.factories.catalog import ProgramFactory
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


@pytest.fixture
def learner_seen_by(learner):
    """Whom somebody sees who asks for a username in a program: the username, or the refusal."""
    program = get_program(ProgramFactory().uuid)

    def see(username, *, is_unlimited=False, roles=frozenset(), scopes=None):
        access = ProgramAccess(is_unlimited, {}, {program.uuid: roles} if roles else {}, scopes)
        try:
            seen = get_learner_for_others(username=username, access=access, program=program)
        except (LearnerDoesNotExist, OverviewForbidden) as refusal:
            return str(refusal)
        return seen.username

    return see


READERS = frozenset({Role.READER})
NOT_YOURS, OUTSIDE = "You may only see your own course runs.", "The learner is not enrolled in this program."


@pytest.mark.parametrize(
    ("asked", "access", "seen"),
    [
        ("learner", {}, NOT_YOURS),
        ("nobody", {}, NOT_YOURS),
        ("learner", {"roles": READERS}, "learner"),
        ("nobody", {"roles": READERS}, OUTSIDE),
        ("learner", {"roles": READERS, "scopes": frozenset()}, NOT_YOURS),
        ("learner", {"is_unlimited": True}, "learner"),
        ("nobody", {"is_unlimited": True}, "There is no such learner."),
    ],
)
def test_who_may_read_the_program_sees_its_learners_and_only_staff_learn_of_accounts(
    learner_seen_by, asked, access, seen
):
    assert learner_seen_by(asked, **access) == seen
