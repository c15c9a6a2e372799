"""Clients that write and read all the time, hang up now and then, and know what they must be told."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from random import Random

from torture.clients import Client, NoFinalAnswerError, new_request_id
from torture.report import Line
from torture.roster import Roster, foretold_status
from torture.school import School
from torture.threads import working

ABORTED_SHARE = 0.1
READ_SHARE = 0.25
LEARNERS = 60


class Writer:
    """One client, with learners of its own."""

    def __init__(
        self, number: int, *, school: School, port: int, token: str, seed: int, line: Line, may_fail: bool
    ) -> None:
        self.roster = Roster(
            school.places[number % len(school.places)],
            school.course_keys,
            [f"client-{number}-learner-{n}" for n in range(LEARNERS)],
        )
        self.aborted = 0
        self._client = Client(port, token)
        self._random = Random(f"{seed} {number}")  # noqa: S311 -- what to send is no secret
        self._line = line
        self._may_fail = may_fail

    def work(self, stopping: threading.Event) -> None:
        """Send one request after the other until the event; then hang up."""
        try:
            while not stopping.is_set():
                if self._random.random() < READ_SHARE:
                    self._read()
                else:
                    self._write()
        except NoFinalAnswerError as fault:
            self._line.accuse(f"No final answer: {fault}")
        finally:
            self._client.close()

    def _write(self) -> None:
        write, request_id = self.roster.plan_write(self._random), new_request_id()
        if self._random.random() < ABORTED_SHARE:
            self.aborted += 1
            is_asked_for = not self.roster.may_doubt(write) or self._random.random() < 0.9
            share = self._random.choice([self._random.random(), 1])
            self._client.hang_up(write.method, write.path, write.records, share=share, request_id=request_id)
            if not is_asked_for:
                self.roster.doubt(write, request_id)
                return
        answer = self._client.write(
            write.method, write.path, write.records, request_id=request_id, line=self._line, may_fail=self._may_fail
        )
        foretold = self.roster.foretell(write)
        if (answer.status, answer.json()) != (foretold_status(foretold), foretold):
            self._line.accuse(f"{write.method}: {answer} instead of {foretold_status(foretold)} {foretold}")
        self.roster.keep(write, request_id)

    def _read(self) -> None:
        rows = [row for row in self.roster.standing if not row.course_key]
        if not rows:
            return
        row = self._random.choice(rows)
        try:
            answer = self._client.read(
                f"/api/program_enrollments/v1/programs/{self.roster.place.program_uuid}/enrollments/"
                f"?student_key={row.student_key}"
            )
        except (OSError, http.client.HTTPException) as fault:
            self._line.count()
            if not self._may_fail:
                self._line.accuse(f"A read was not answered: {type(fault).__name__}")
            return
        self._line.count(answer.status)
        if self._may_fail and answer.is_outage():
            return
        if answer.status != 200:
            self._line.accuse(f"GET: {answer}")
            return
        seen = {found["status"] for found in answer.json()["results"]}
        if seen != {self.roster.standing[row]} and not self._is_doubtful(row.student_key):
            self._line.accuse(f"A client was told {self.roster.standing[row]}, and read {seen}.")

    def _is_doubtful(self, student_key: str) -> bool:
        return any(row.student_key == student_key for rows in self.roster.doubtful.values() for row in rows)


@contextmanager
def writing(
    school: School, *, clients: int, port: int, seed: int, line: Line, may_fail: bool
) -> Iterator[list[Writer]]:
    """Let so many clients work while the block lasts; then all have had their last answer, and have hung up."""
    token = school.ask_token(port)
    writers = [
        Writer(number, school=school, port=port, token=token, seed=seed, line=line, may_fail=may_fail)
        for number in range(clients)
    ]
    for writer in writers:  # every other learner has an account
        school.add_accounts(writer.roster.place.organization_key, writer.roster.student_keys[::2])
    stopping = threading.Event()
    with working([partial(writer.work, stopping) for writer in writers], stopping, line):
        yield writers
    time.sleep(1)  # for requests that were hung up on, and that nobody asks for
