"""The demo's school: accounts, what they hold in course runs, and their enrollments.

Every function may run again: it adds what is missing and leaves what somebody changed since. Only the dates of the
catalog are set anew, so that there is always a term behind, a term under way and a term ahead.
"""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey
from social_django.models import UserSocialAuth

from access.models import Application, RoleAssignment
from access.partners import create_application
from access.service import Role, Scope
from catalog.models import CourseRun, Curriculum, DueDate, Organization, Program
from demo import accounts
from demo import catalog as demo_catalog
from demo.accounts import DemoAccount, DemoPartner
from grades.models import CourseGrade
from learners.constants import CourseMode
from learners.models import Certificate, CourseEnrollment, EmailOptOut, IdentityProvider, User
from program_enrollments import api
from program_enrollments.constants import (
    ChangeReason,
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteAction,
)

SIGN_IN_BACKEND = "tpa-saml"
SOURCE = api.ChangeSource(reason=ChangeReason.DEMO.value)
ROSTER_LEARNERS_WITH_ACCOUNT = 40
"""So many learners of the roster that `make demo` sends have an account and grades; the others wait for one."""


def is_demo_catalog_loaded() -> bool:
    """Whether the program that the demo is about is in the catalog."""
    return Program.objects.filter(uuid=demo_catalog.MBA_PROGRAM).exists()


@transaction.atomic
def load_school() -> None:
    """Add the demo data to the demo catalog, which must be loaded."""
    _move_terms_to_today()
    ucdavis = _add_identity_provider(demo_catalog.UCDAVIS, "ucdavis")
    gtx = _add_identity_provider(demo_catalog.GTX, "gatech")
    _add_account(accounts.STAFF)
    _add_partner(accounts.PARTNER, demo_catalog.UCDAVIS)
    for account in accounts.UCDAVIS_LEARNERS:
        _add_identity(_add_account(account), ucdavis, account.student_key)
    for account in accounts.GTX_LEARNERS:
        _add_identity(_add_account(account), gtx, account.student_key)
    _add_accounts_of_roster(ucdavis)
    _add_curriculum()
    _enroll_in_programs()
    _enroll_in_courses()
    _add_results()


def _move_terms_to_today() -> None:
    # Whole weeks keep the days of the week.
    passed = timedelta(weeks=(timezone.now() - demo_catalog.WRITTEN_AT) // timedelta(weeks=1))
    described = {CourseKey.from_string(run["key"]): run for run in demo_catalog.read_course_runs()}
    runs = list(CourseRun.objects.filter(key__in=described))
    for run in runs:
        run.start = _moved(described[run.key]["start"], passed)
        run.end = _moved(described[run.key]["end"], passed)
        run.email_enabled = str(run.key) != demo_catalog.DATA_ANALYSIS_IN_PROGRESS
    CourseRun.objects.bulk_update(runs, ["start", "end", "email_enabled"])

    today = timezone.now().replace(hour=23, minute=59, second=0, microsecond=0)
    accounting = CourseRun.objects.get(key=CourseKey.from_string(demo_catalog.ACCOUNTING_IN_PROGRESS))
    for name, days in (("Case study: Balance sheet", -14), ("Homework 3", 3), ("Midterm", 10)):
        DueDate.objects.update_or_create(
            course_run=accounting,
            name=name,
            defaults={"date": today + timedelta(days=days), "url": f"/courses/{accounting.key}/assignments"},
        )


def _moved(moment: str | None, passed: timedelta) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment).astimezone(UTC) + passed


def _add_curriculum() -> None:
    # The file lists none for this program; a site may require that curricula are known.
    Curriculum.objects.get_or_create(
        uuid=demo_catalog.MICROMASTERS_CURRICULUM,
        defaults={
            "program": Program.objects.get(uuid=demo_catalog.MICROMASTERS_PROGRAM),
            "name": "Analytics MicroMasters",
            "is_active": False,  # as loading the file again would have it
        },
    )


def _add_identity_provider(organization_key: str, slug: str) -> IdentityProvider:
    organization = Organization.objects.get(key=organization_key)
    return IdentityProvider.objects.get_or_create(slug=slug, defaults={"organization": organization})[0]


def _add_account(account: DemoAccount) -> User:
    user = User.objects.filter(username=account.username).first()
    return user or User.objects.create_user(
        account.username,
        account.email,
        account.password,
        first_name=account.first_name,
        last_name=account.last_name,
        is_staff=account.is_staff,
        is_superuser=account.is_superuser,
    )


def _add_partner(partner: DemoPartner, organization_key: str) -> None:
    if not Application.objects.filter(client_id=partner.client_id).exists():
        application = create_application(
            partner.name, scopes=Scope.values, client_id=partner.client_id, client_secret=partner.client_secret
        ).application
        RoleAssignment.objects.create(user=application.user, role=Role.WRITER, organization_key=organization_key)


def _add_identity(user: User, provider: IdentityProvider, student_key: str | None) -> None:
    UserSocialAuth.objects.get_or_create(
        provider=SIGN_IN_BACKEND, uid=f"{provider.slug}:{student_key}", defaults={"user": user}
    )


def _add_accounts_of_roster(provider: IdentityProvider) -> None:
    with demo_catalog.PROGRAM_ROSTER_FILE.open(encoding="utf-8", newline="") as roster:
        student_keys = [row["student_key"] for row in csv.DictReader(roster)][:ROSTER_LEARNERS_WITH_ACCOUNT]
    keys_by_username = {f"ucd-learner-{number}": key for number, key in enumerate(student_keys, start=1)}
    User.objects.bulk_create(
        (
            User(username=username, email=f"{username}@example.edu", password=make_password(None))
            for username in keys_by_username
        ),
        ignore_conflicts=True,
    )
    users = list(User.objects.filter(username__in=keys_by_username).order_by("id"))
    UserSocialAuth.objects.bulk_create(
        (
            UserSocialAuth(
                user=user, provider=SIGN_IN_BACKEND, uid=f"{provider.slug}:{keys_by_username[user.username]}"
            )
            for user in users
        ),
        ignore_conflicts=True,
    )
    CourseGrade.objects.bulk_create(
        (
            _grade(user, course_key, percent=(45 + (7 * learner + 13 * run) % 55) / 100)
            for learner, user in enumerate(users)
            for run, course_key in enumerate(demo_catalog.MBA_RUNS_IN_PROGRESS)
        ),
        ignore_conflicts=True,
    )


def _enroll_in_programs() -> None:
    status = ProgramEnrollmentStatus
    _add_program_enrollments(
        demo_catalog.MBA_PROGRAM,
        demo_catalog.MBA_CURRICULUM,
        {
            accounts.AMARA.student_key: status.ENROLLED,
            accounts.BRUNO.student_key: status.ENROLLED,
            accounts.CHEN.student_key: status.PENDING,
            # These have no account yet.
            "ucd-1004": status.ENROLLED,
            "ucd-1005": status.SUSPENDED,
            "ucd-1006": status.CANCELED,
            "ucd-1007": status.ENDED,
        },
    )
    gita = {accounts.GITA.student_key: status.ENROLLED}
    _add_program_enrollments(demo_catalog.ANALYTICS_PROGRAM, demo_catalog.ANALYTICS_CURRICULUM, gita)
    _add_program_enrollments(demo_catalog.MICROMASTERS_PROGRAM, demo_catalog.MICROMASTERS_CURRICULUM, gita)


def _add_program_enrollments(
    program_uuid: str, curriculum_uuid: str, statuses: dict[str | None, ProgramEnrollmentStatus]
) -> None:
    # Whoever is enrolled already is a conflict, and stays as they are.
    api.write_program_enrollments(
        program_uuid=UUID(program_uuid),
        action=WriteAction.CREATE,
        records=[
            api.ProgramEnrollmentRecord(
                student_key=str(student_key), status=status, curriculum_uuid=UUID(curriculum_uuid)
            )
            for student_key, status in statuses.items()
        ],
        source=SOURCE,
    )


def _enroll_in_courses() -> None:
    mba, analytics = demo_catalog.MBA_PROGRAM, demo_catalog.ANALYTICS_PROGRAM
    amara, bruno, chen = (account.student_key for account in accounts.UCDAVIS_LEARNERS)
    _add_course_enrollments(mba, demo_catalog.ACCOUNTING_COMPLETED, [amara])
    _add_course_enrollments(mba, demo_catalog.ACCOUNTING_IN_PROGRESS, [amara, bruno, chen, "ucd-1004"])
    _add_course_enrollments(mba, demo_catalog.DATA_ANALYSIS_IN_PROGRESS, [amara, bruno])
    _add_course_enrollments(mba, demo_catalog.MARKETING_UPCOMING, [amara])
    _add_course_enrollments(mba, demo_catalog.ACCOUNTING_COMPLETED, ["ucd-1004"], course_staff=True)
    for course_key in (
        demo_catalog.PYTHON_SELF_PACED,
        demo_catalog.SIMULATION_SELF_PACED,
        demo_catalog.ANALYTICS_MODELING_IN_PROGRESS,
    ):
        _add_course_enrollments(analytics, course_key, [accounts.GITA.student_key])


def _add_course_enrollments(
    program_uuid: str, course_key: str, student_keys: Iterable[str | None], *, course_staff: bool | None = None
) -> None:
    api.write_program_course_enrollments(
        program_uuid=UUID(program_uuid),
        course_key=CourseKey.from_string(course_key),
        action=WriteAction.CREATE,
        records=[
            api.ProgramCourseEnrollmentRecord(
                student_key=str(student_key), status=ProgramCourseEnrollmentStatus.ACTIVE, course_staff=course_staff
            )
            for student_key in student_keys
        ],
        source=SOURCE,
    )


def _add_results() -> None:
    """What the learners did in their courses: progress, grades, certificates, an e-mail opt-out."""
    users = {
        user.username: user
        for user in User.objects.filter(username__in=[account.username for account in accounts.LEARNERS])
    }
    amara, bruno, gita = (users[account.username] for account in (accounts.AMARA, accounts.BRUNO, accounts.GITA))
    _add_progress(amara, demo_catalog.ACCOUNTING_IN_PROGRESS)
    _add_progress(gita, demo_catalog.SIMULATION_SELF_PACED)
    CourseGrade.objects.bulk_create(
        [
            _grade(amara, demo_catalog.ACCOUNTING_COMPLETED, percent=0.93),
            _grade(amara, demo_catalog.ACCOUNTING_IN_PROGRESS, percent=0.71),
            _grade(bruno, demo_catalog.ACCOUNTING_IN_PROGRESS, percent=0.48),
            _grade(gita, demo_catalog.PYTHON_SELF_PACED, percent=0.88),
        ],
        ignore_conflicts=True,
    )
    # A self-paced run is completed once its certificate is 30 days old (contract section 5.3).
    earned = timezone.now() - timedelta(days=45)
    Certificate.objects.bulk_create(
        [
            _certificate(amara, demo_catalog.ACCOUNTING_COMPLETED, earned),
            _certificate(gita, demo_catalog.PYTHON_SELF_PACED, earned),
        ],
        ignore_conflicts=True,
    )
    EmailOptOut.objects.bulk_create(
        [EmailOptOut(user=bruno, course_key=CourseKey.from_string(demo_catalog.ACCOUNTING_IN_PROGRESS))],
        ignore_conflicts=True,
    )
    # Enrolled on their own, outside of any program; the overview lists it too.
    CourseEnrollment.objects.get_or_create(
        user=bruno,
        course_key=CourseKey.from_string(demo_catalog.MARKETING_UPCOMING),
        defaults={"mode": CourseMode.VERIFIED},
    )


def _add_progress(user: User, course_key: str) -> None:
    CourseEnrollment.objects.filter(user=user, course_key=CourseKey.from_string(course_key), resume_url="").update(
        resume_url=f"/courses/{course_key}/courseware/week-3/"
    )


def _grade(user: User, course_key: str, *, percent: float) -> CourseGrade:
    letter = next((letter for least, letter in ((0.9, "A"), (0.8, "B"), (0.6, "C")) if percent >= least), None)
    passed_at = timezone.now() - timedelta(days=45) if letter else None
    return CourseGrade(
        user=user,
        course_key=CourseKey.from_string(course_key),
        percent=percent,
        letter_grade=letter,
        passed=letter is not None,
        passed_at=passed_at,
    )


def _certificate(user: User, course_key: str, earned: datetime) -> Certificate:
    return Certificate(
        user=user,
        course_key=CourseKey.from_string(course_key),
        created_date=earned,
        download_url=f"https://certificates.example.edu/{user.username}/{CourseKey.from_string(course_key).course}",
    )
