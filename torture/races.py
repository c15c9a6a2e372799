"""Races: many threads write the same few learners in programs that share course runs.

Identities are made, learners linked and unlinked, and organizations reset between. Nobody can foretell the answers;
what must hold afterwards, whoever won, is checked.
"""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from django.db import DatabaseError, IntegrityError, connection

from learners.service import find_users_by_username
from program_enrollments import api
from program_enrollments.constants import ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus
from program_enrollments.exceptions import LearnerNotLinked
from program_enrollments.models import ProgramEnrollment
from torture.clients import BASE, Client, NoFinalAnswerError, new_request_id
from torture.invariants import INVARIANTS
from torture.report import Line
from torture.roster import METHODS, MOST_RECORDS
from torture.school import School, ask_staff_token, make_school
from torture.service import Database, web_server
from torture.threads import working

THREADS = 16
LEARNERS = [f"racer-{n}" for n in range(50)]
GOOD_ANSWERS = {200, 207, 422}
BY_HAND = api.ChangeSource(reason="taken from its account by hand")


@dataclass(frozen=True, slots=True)
class Lines:
    """What is counted."""

    writes: Line
    identities: Line
    links: Line
    resets: Line


class Racer:
    """One thread's part."""

    def __init__(self, number: int, *, school: School, port: int, token: str, seed: int, lines: Lines) -> None:
        self._school = school
        self._client = Client(port, token)
        self._random = Random(f"{seed} {number}")  # noqa: S311 -- what to send is no secret
        self._lines = lines

    def work(self, stopping: threading.Event) -> None:
        """Do one random thing after the other until the event."""
        deeds: list[tuple[Line, Callable[[], int | None]]] = [
            (self._lines.writes, self._write),
            (self._lines.identities, self._sign_in),
            (self._lines.links, self._link),
            (self._lines.links, self._unlink),
            (self._lines.resets, self._reset),
        ]
        try:
            while not stopping.is_set():
                ((line, deed),) = self._random.choices(deeds, weights=(84, 6, 4, 5, 1))
                try:
                    line.count(deed())
                except (DatabaseError, OSError, http.client.HTTPException, NoFinalAnswerError) as fault:
                    line.accuse(f"{deed.__name__}: {type(fault).__name__}: {fault}")
        finally:
            connection.close()

    def _write(self) -> int:
        place = self._random.choice(self._school.places)
        course_key = self._random.choice([*self._school.course_keys, ""])
        statuses = ProgramCourseEnrollmentStatus.values if course_key else ProgramEnrollmentStatus.values
        records = [
            {
                "student_key": key,
                "status": self._random.choice(statuses),
                **({"course_staff": self._random.random() < 0.5} if course_key and self._random.random() < 0.3 else {}),
                **({} if course_key else {"curriculum_uuid": str(place.curriculum_uuid)}),
            }
            for key in self._random.sample(LEARNERS, self._random.randint(1, MOST_RECORDS))
        ]
        path = f"{BASE}/programs/{place.program_uuid}/"
        path += f"courses/{course_key}/enrollments/" if course_key else "enrollments/"
        method = self._random.choice(METHODS)
        answer = self._client.send_once(method, path, records)
        if answer.status not in GOOD_ANSWERS or "internal-error" in answer.json().values():
            self._lines.writes.accuse(f"{method}: {answer}")
        return answer.status

    def _sign_in(self) -> None:
        place = self._random.choice(self._school.places)
        try:
            self._school.add_account(place.organization_key, self._random.choice(LEARNERS))
        except IntegrityError:
            return  # a reset deleted the account before it got its identity

    def _link(self) -> None:
        place = self._random.choice(self._school.places)
        key = self._random.choice(LEARNERS)
        username = self._school.username(place.organization_key, self._random.choice(LEARNERS))
        if find_users_by_username([username]):
            api.link_program_enrollments(place.program_uuid, {key: username})

    def _unlink(self) -> None:
        programs = [place.program_uuid for place in self._school.places]
        linked = ProgramEnrollment.objects.filter(
            program_uuid__in=programs, external_user_key=self._random.choice(LEARNERS), user__isnull=False
        ).first()
        if linked is not None:
            try:
                api.unlink_program_enrollment(linked, source=BY_HAND)
            except LearnerNotLinked:
                return  # a reset was faster

    def _reset(self) -> int:
        body = {"organization": self._random.choice([*self._school.slugs])}
        answer = self._client.write(
            "POST",
            f"{BASE}/integration-reset/",
            body,
            request_id=new_request_id(),
            line=Line("requests of resets"),
            may_fail=False,
        )
        if answer.status != 200:
            self._lines.resets.accuse(f"Reset: {answer}")
        return answer.status


def run(database: Database, *, seed: int, seconds: int) -> list[Line]:
    """Race, and check what must hold."""
    lines = Lines(
        Line(f"requests that {THREADS} threads wrote {len(LEARNERS)} learners by"),
        Line("… identities made meanwhile"),
        Line("… learners linked and unlinked meanwhile"),
        Line("… organizations reset meanwhile"),
    )
    school = make_school(organizations=2, programs=4, runs=2)
    with web_server() as server:
        token = ask_staff_token(server.port)
        racers = [
            Racer(number, school=school, port=server.port, token=token, seed=seed, lines=lines)
            for number in range(THREADS)
        ]
        stopping = threading.Event()
        with working([partial(racer.work, stopping) for racer in racers], stopping, lines.writes):
            time.sleep(seconds)
    checked = Line("invariants checked afterwards")
    for what, sql in INVARIANTS.items():
        checked.count()
        with connection.cursor() as cursor:
            programs = [str(place.program_uuid) for place in school.places]
            cursor.execute(sql, {"programs": programs, "by_hand": BY_HAND.reason})
            for row in cursor.fetchall():
                checked.accuse(f"{what} {row}")
    return [lines.writes, lines.identities, lines.links, lines.resets, checked]
