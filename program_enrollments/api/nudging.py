"""Telling learners who passed a course run of the program's next one (contract section 7)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac
from opaque_keys.edx.keys import CourseKey

from catalog.service import CourseRun, Program, get_catalog
from grades.service import list_passes
from learners.service import User, list_current_course_keys, list_mailable_users
from program_enrollments.constants import ProgramEnrollmentStatus
from program_enrollments.models import CourseNudge, ProgramEnrollment

FAR_FUTURE = datetime.max.replace(tzinfo=UTC)
TEMPLATES = "program_enrollments/email"


@dataclass(frozen=True, slots=True)
class Nudge:
    """A learner passed a run of a program on a day, and could enter the next one."""

    user: User
    program: Program
    passed_run: CourseRun
    next_run: CourseRun
    passed_on: date

    def as_email(self) -> EmailMessage:
        """Return the message; its id is the same each time, so that a mailbox can tell a repetition."""
        context = {
            "user": self.user,
            "program": self.program,
            "passed_run": self.passed_run,
            "next_run": self.next_run,
        }
        number = salted_hmac(__name__, f"{self.user.pk}:{self.program.uuid}:{self.passed_on}", algorithm="sha256")
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
        return EmailMessage(
            # A line break in a title would be a second header.
            subject=" ".join(render_to_string(f"{TEMPLATES}/nudge_subject.txt", context).split()),
            body=render_to_string(f"{TEMPLATES}/nudge_body.txt", context),
            to=[self.user.email],
            headers={"Message-ID": f"<nudge-{number.hexdigest()}@{domain}>"},
        )


def list_nudges(passed_on: date) -> list[Nudge]:
    """Return one nudge for each learner and program of which the learner passed a run on the day, if not sent yet.

    The learner's program enrollment is `enrolled`, the account is active and has an e-mail address. The next run is
    the one that starts first of those not yet over, of courses that the learner is neither in nor has just passed;
    without one there is no nudge. The day is one of the site's time zone. The number of queries depends on the number
    of programs only.
    """
    start = timezone.make_aware(datetime.combine(passed_on, time.min))
    end = timezone.make_aware(datetime.combine(passed_on + timedelta(days=1), time.min))
    passed_keys: dict[int, list[CourseKey]] = defaultdict(list)
    for passed in list_passes(since=start, before=end):
        passed_keys[passed.user_id].append(passed.course_key)
    users = {user.pk: user for user in list_mailable_users(passed_keys)}
    places = list(
        ProgramEnrollment.objects.filter(user_id__in=users, status=ProgramEnrollmentStatus.ENROLLED)
        .order_by("user_id", "program_uuid")
        .values_list("user_id", "program_uuid")
        .distinct()
    )
    sent = set(
        CourseNudge.objects.filter(user_id__in=users, passed_on=passed_on).values_list("user_id", "program_uuid")
    )
    places = [place for place in places if place not in sent]
    offers = _read_offers({program_uuid for _, program_uuid in places})
    current_keys = list_current_course_keys(users)

    nudges = []
    for user_id, program_uuid in places:
        offer = offers.get(program_uuid)
        if offer is None:
            continue
        passed_here = [key for key in passed_keys[user_id] if key in offer.runs]
        next_run = offer.find_next_run([*passed_keys[user_id], *current_keys.get(user_id, ())])
        if passed_here and next_run:
            nudges.append(Nudge(users[user_id], offer.program, offer.runs[passed_here[-1]], next_run, passed_on))
    return nudges


@transaction.atomic
def send_nudge(nudge: Nudge, connection: BaseEmailBackend) -> bool:
    """Send the e-mail and record it, unless it is recorded already: then return False.

    Of two runs at the same time, the second waits for the first one's record. The record is committed after the mail
    server took the message, so this errs on the side of sending twice: if the process dies in between, nothing is
    recorded and the next run sends the message again, with the same Message-ID.
    Raises: SMTPException, OSError, ValueError (the address is none): nothing was recorded.
    """
    _, is_new = CourseNudge.objects.get_or_create(
        user=nudge.user, program_uuid=nudge.program.uuid, passed_on=nudge.passed_on
    )
    if is_new:
        connection.send_messages([nudge.as_email()])
    return is_new


@dataclass(frozen=True, slots=True)
class _Offer:
    """A program and its runs; the open ones in the order of their start."""

    program: Program
    runs: dict[CourseKey, CourseRun]
    open_runs: list[CourseRun]

    def find_next_run(self, known_keys: Collection[CourseKey]) -> CourseRun | None:
        known_courses = {_course_of(key) for key in known_keys}
        return next((run for run in self.open_runs if _course_of(run.key) not in known_courses), None)


def _read_offers(program_uuids: Collection[UUID]) -> dict[UUID, _Offer]:
    catalog = get_catalog()
    keys_by_program = {uuid: catalog.list_course_run_keys(uuid) for uuid in program_uuids}
    runs = {run.key: run for run in catalog.list_course_runs(frozenset().union(*keys_by_program.values()))}
    now = timezone.now()
    offers = {}
    for program in catalog.list_programs(program_uuids):
        own_runs = {key: runs[key] for key in keys_by_program[program.uuid] if key in runs}
        open_runs = [run for run in own_runs.values() if run.end is None or run.end > now]
        open_runs.sort(key=lambda run: (run.start or FAR_FUTURE, str(run.key)))
        offers[program.uuid] = _Offer(program, own_runs, open_runs)
    return offers


def _course_of(key: CourseKey) -> tuple[str | None, str | None]:
    return key.org, key.course
