"""Races: many threads write the same few learners in programs that share course runs.

Identities are made, learners linked and unlinked, and organizations reset between. Nobody can foretell the answers;
what must hold, whoever won, is checked after each of a few rounds.
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
from torture.invariants import BY_HAND, INVARIANTS, check_invariants, count_held
from torture.report import Line
from torture.roster import METHODS, MOST_RECORDS
from torture.school import School, ask_staff_token, make_school
from torture.service import Database, web_server
from torture.threads import working

THREADS = 16
LEARNERS = [f"racer-{n}" for n in range(50)]
STATUSES = [*ProgramEnrollmentStatus.values, *[ProgramEnrollmentStatus.ENROLLED.value] * 3]
"""Of program enrollments; half of them count, so that there is something to check."""
GOOD_ANSWERS = {200, 207, 422}
ROUNDS = 3
RESETTING_SHARE = 1 / 3
"""Of a round, in which organizations are reset: what is written before a reset is not there to be checked any more."""
REQUESTS_OF_A_WORKER = 200
"""After which gunicorn replaces it, much sooner than in production: requests must not get lost by that either."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What is counted."""

    writes: Line
    identities: Line
    links: Line
    resets: Line
    invariants: Line


class Racer:
    """One thread's part."""

    def __init__(self, *, school: School, port: int, token: str, random: Random, lines: Lines) -> None:
        self._school = school
        self._client = Client(port, token)
        self._random = random
        self._lines = lines

    def work(self, stopping: threading.Event, no_more_resets: threading.Event) -> None:
        """Do one random thing after the other until the first event; no resets after the second."""
        deeds: list[tuple[Line, Callable[[], int | None]]] = [
            (self._lines.writes, self._write),
            (self._lines.identities, self._sign_in),
            (self._lines.links, self._link),
            (self._lines.links, self._unlink),
            (self._lines.resets, self._reset),
        ]
        try:
            while not stopping.is_set():
                ((line, deed),) = self._random.choices(
                    deeds, weights=(80, 10, 4, 4, 0 if no_more_resets.is_set() else 3)
                )
                try:
                    line.count(deed())
                except (DatabaseError, OSError, http.client.HTTPException, NoFinalAnswerError) as fault:
                    line.accuse(f"{deed.__name__}: {type(fault).__name__}: {fault}")
        finally:
            connection.close()
            self._client.close()

    def _write(self) -> int:
        place = self._random.choice(self._school.places)
        course_key = self._random.choice([*self._school.course_keys, ""])
        statuses = ProgramCourseEnrollmentStatus.values if course_key else STATUSES
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
                api.unlink_program_enrollment(linked, source=api.ChangeSource(reason=BY_HAND))
            except LearnerNotLinked:
                return  # a reset was faster

    def _reset(self) -> int:
        body = {"organization": self._random.choice([*self._school.slugs])}
        headers = {"Idempotency-Key": new_request_id()}
        answer = self._client.send_once("POST", f"{BASE}/integration-reset/", body, **headers)
        if answer.status != 200:
            self._lines.resets.accuse(f"Reset: {answer}")
        return answer.status


def run(database: Database, *, seed: int, seconds: int) -> list[Line]:
    """Race in rounds, and check what must hold after each."""
    lines = Lines(
        Line(f"requests that {THREADS} threads wrote {len(LEARNERS)} learners by"),
        Line("… identities made meanwhile"),
        Line("… learners linked and unlinked meanwhile"),
        Line("… organizations reset meanwhile"),
        Line("invariants checked after rounds"),
    )
    school = make_school(organizations=2, programs=4, runs=2)
    with web_server(max_requests=REQUESTS_OF_A_WORKER) as server:
        token = ask_staff_token(server.port)
        least = (len(LEARNERS) * len(school.places),) * 2
        for number in range(ROUNDS):
            racers = [
                Racer(
                    school=school,
                    port=server.port,
                    token=token,
                    random=Random(f"{seed} {number} {thread}"),  # noqa: S311 -- what to send is no secret
                    lines=lines,
                )
                for thread in range(THREADS)
            ]
            _race(racers, seconds / ROUNDS, lines)
            least = min(least, _check(school, lines.invariants))
    lines.invariants.note = f"of {least[0]} linked enrollments in programs and {least[1]} in course runs at least"
    return [lines.writes, lines.identities, lines.links, lines.resets, lines.invariants]


def _race(racers: list[Racer], seconds: float, lines: Lines) -> None:
    stopping, no_more_resets = threading.Event(), threading.Event()
    with working([partial(racer.work, stopping, no_more_resets) for racer in racers], stopping, lines.writes):
        time.sleep(seconds * RESETTING_SHARE)
        no_more_resets.set()
        time.sleep(seconds * (1 - RESETTING_SHARE))


def _check(school: School, line: Line) -> tuple[int, int]:
    """Check what is there after a round. Returns how much that is."""
    line.times += len(INVARIANTS)
    check_invariants(school.places, line)
    held = count_held(school.places)
    if not all(held):
        line.accuse(f"So little was there that nothing was checked: {held}")
    return held
