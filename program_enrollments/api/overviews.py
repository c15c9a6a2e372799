"""The course runs of a program as its learner sees them (contract section 5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey

from access.service import ProgramAccess
from catalog.constants import Pacing
from catalog.service import CourseRun, DueDate, Program, get_catalog
from learners.constants import CourseMode
from learners.service import (
    CourseCertificate,
    CourseEnrollment,
    User,
    find_user,
    list_active_course_enrollments,
    list_certificates,
    list_opted_out_course_keys,
)
from program_enrollments.constants import CourseRunStatus, ProgramEnrollmentStatus
from program_enrollments.exceptions import LearnerDoesNotExist, OverviewForbidden
from program_enrollments.models import ProgramEnrollment

OVERVIEW_MODES = (
    CourseMode.VERIFIED,
    CourseMode.MASTERS,
    CourseMode.EXECUTIVE_EDUCATION,
    CourseMode.PAID_EXECUTIVE_EDUCATION,
    CourseMode.PAID_BOOTCAMP,
)
CERTIFICATE_COMPLETES_AFTER = timedelta(days=30)
MICROMASTERS = "micromasters"
OWN_ONLY = "You may only see your own course runs."
NOT_ENROLLED = "The learner is not enrolled in this program."


@dataclass(frozen=True, slots=True)
class CourseRunOverview:
    """A course run as one learner sees it.

    `due_dates` are in date order, and empty unless the run is in progress. Urls may be relative. `resume_url` and
    `certificate_url` are None when there is nothing to resume or download; `emails_enabled` is None when the run has
    no course e-mail; `micromasters_title` is None in programs of other types.
    """

    course_key: CourseKey
    title: str
    home_url: str
    start: datetime | None
    end: datetime | None
    status: CourseRunStatus
    due_dates: Sequence[DueDate]
    resume_url: str | None
    certificate_url: str | None
    emails_enabled: bool | None
    micromasters_title: str | None


def get_learner_for_others(*, username: str, access: ProgramAccess, program: Program) -> User:
    """Return the learner of this name, for somebody else who may read the program and so see its learners' overviews.

    Raises: OverviewForbidden. LearnerDoesNotExist, to staff only: others learn nothing of accounts outside the program.
    """
    if not access.may_read(program):
        raise OverviewForbidden(OWN_ONLY)
    learner = find_user(username)
    if learner is not None:
        return learner
    if access.is_unlimited:
        raise LearnerDoesNotExist("There is no such learner.")
    raise OverviewForbidden(NOT_ENROLLED)


def list_overview_enrollments(*, user_id: int, program: Program) -> QuerySet[CourseEnrollment]:
    """Return the account's active course enrollments in runs of the program, through it or not, by id.

    Raises: OverviewForbidden: the account has no enrollment of status `enrolled` in the program.
    """
    if not ProgramEnrollment.objects.filter(
        user_id=user_id, program_uuid=program.uuid, status=ProgramEnrollmentStatus.ENROLLED
    ).exists():
        raise OverviewForbidden(NOT_ENROLLED)
    return list_active_course_enrollments(
        user_id=user_id, course_keys=get_catalog().list_course_run_keys(program.uuid), modes=OVERVIEW_MODES
    )


def list_course_run_overviews(
    *, user_id: int, program: Program, course_enrollments: Sequence[CourseEnrollment]
) -> list[CourseRunOverview]:
    """Return the overviews of an account's course enrollments, in their order; the same queries for any number."""
    keys = [enrollment.course_key for enrollment in course_enrollments]
    runs = {run.key: run for run in get_catalog().list_course_runs(keys)}
    certificates = list_certificates(user_id=user_id, course_keys=keys)
    opted_out = list_opted_out_course_keys(user_id=user_id, course_keys=keys)
    now = timezone.now()
    overviews = []
    for enrollment in course_enrollments:
        run, certificate = runs[enrollment.course_key], certificates.get(enrollment.course_key)
        status = decide_course_run_status(run, certificate, now=now)
        overviews.append(
            CourseRunOverview(
                course_key=run.key,
                title=run.title,
                home_url=settings.COURSE_HOME_URL_TEMPLATE.replace("{course_id}", str(run.key)),
                start=run.start,
                end=run.end,
                status=status,
                due_dates=run.due_dates if status is CourseRunStatus.IN_PROGRESS else (),
                resume_url=enrollment.resume_url or None,
                certificate_url=(certificate and certificate.download_url) or None,
                emails_enabled=run.key not in opted_out if run.email_enabled else None,
                micromasters_title=program.title if program.type.lower() == MICROMASTERS else None,
            )
        )
    return overviews


def decide_course_run_status(
    run: CourseRun, certificate: CourseCertificate | None, *, now: datetime
) -> CourseRunStatus:
    """Tell how far a learner is in a run, from its pacing and dates, and the certificate that the learner has."""
    if run.start is None:
        return CourseRunStatus.UPCOMING
    is_certified = (
        run.pacing == Pacing.SELF
        and certificate is not None
        and certificate.is_passing
        and certificate.created_at <= now - CERTIFICATE_COMPLETES_AFTER
    )
    if is_certified or (run.end is not None and run.end < now):
        return CourseRunStatus.COMPLETED
    return CourseRunStatus.IN_PROGRESS if run.start <= now else CourseRunStatus.UPCOMING
