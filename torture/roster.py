"""What a client keeps of what it was told about its learners, and whether the database agrees in the end."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from program_enrollments.constants import ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from torture.clients import BASE
from torture.report import Line
from torture.school import Place, School

METHODS = ("POST", "PUT", "PATCH")
MOST_RECORDS = 25
UNKNOWN_STATUS = "asleep"


class Row(NamedTuple):
    """A learner's enrollment in the program, `course_key` empty, or in a course run."""

    student_key: str
    course_key: str


@dataclass(frozen=True, slots=True)
class Write:
    """A request that writes learners."""

    method: str
    path: str
    course_key: str
    records: list[dict[str, Any]]


class Roster:
    """A client's learners in one program. Nobody else writes them, so that every answer can be foretold.

    `standing`: {row: status}. `changes`: {request id: rows that it must have changed, and history must have once}.
    `doubtful`: {request id: {row: the status, if the request was carried out}}, of requests whose end nobody asked for;
    their learners are left alone from then on.
    """

    def __init__(self, place: Place, course_keys: Sequence[str], student_keys: Iterable[str]) -> None:
        self.place = place
        self.standing: dict[Row, str] = {}
        self.changes: dict[str, set[Row]] = {}
        self.doubtful: dict[str, dict[Row, str]] = {}
        self._course_keys = course_keys
        self._student_keys = list(student_keys)
        self._size = len(self._student_keys)

    @property
    def student_keys(self) -> list[str]:
        """The learners who are still written."""
        return list(self._student_keys)

    def plan_write(self, random: Random) -> Write:
        """Return a random write: mostly good, with a key that comes twice or an unknown status now and then."""
        course_key = random.choice([*self._course_keys, "", ""])
        keys = random.sample(self._student_keys, random.randint(1, min(MOST_RECORDS, len(self._student_keys))))
        if random.random() < 0.1:
            keys = [*keys[: MOST_RECORDS - 1], keys[0]]
        statuses = ProgramCourseEnrollmentStatus.values if course_key else ProgramEnrollmentStatus.values
        records: list[dict[str, Any]] = []
        for key in keys:
            status = UNKNOWN_STATUS if random.random() < 0.02 else random.choice(statuses)
            record = {"student_key": key, "status": status}
            records.append(record if course_key else record | {"curriculum_uuid": str(self.place.curriculum_uuid)})
        path = f"{BASE}/programs/{self.place.program_uuid}/"
        path += f"courses/{course_key}/enrollments/" if course_key else "enrollments/"
        return Write(random.choice(METHODS), path, course_key, records)

    def foretell(self, write: Write) -> dict[str, str]:
        """Return the answer that the contract (sections 4.1 and 4.2) gives to a write, as things stand."""
        times = Counter(record["student_key"] for record in write.records)
        return {
            record["student_key"]: "duplicated"
            if times[record["student_key"]] > 1
            else self._foretell_one(write, record["student_key"], record["status"])
            for record in write.records
        }

    def _foretell_one(self, write: Write, student_key: str, status: str) -> str:
        if status == UNKNOWN_STATUS:
            return "invalid-status"
        if write.course_key and Row(student_key, "") not in self.standing:
            return "not-in-program"
        is_there = Row(student_key, write.course_key) in self.standing
        if write.method == "POST" and is_there:
            return "conflict"
        if write.method == "PATCH" and not is_there:
            return "not-found" if write.course_key else "not-in-program"
        return status

    def keep(self, write: Write, request_id: str) -> None:
        """Keep what an acknowledged write has changed."""
        changed = self._find_changes(write)
        self.standing |= changed
        self.changes[request_id] = set(changed)

    def doubt(self, write: Write, request_id: str) -> None:
        """Keep that a write may have been carried out or not, or will be; leave its learners alone from now on."""
        self.doubtful[request_id] = self._find_changes(write)
        left = {record["student_key"] for record in write.records}
        self._student_keys = [key for key in self._student_keys if key not in left]

    def may_doubt(self, write: Write) -> bool:
        """Tell whether enough learners would be left if a write's end was not asked for."""
        return len(self._student_keys) - len(write.records) > self._size // 2

    def _find_changes(self, write: Write) -> dict[Row, str]:
        statuses = ProgramCourseEnrollmentStatus.values if write.course_key else ProgramEnrollmentStatus.values
        wanted = {Row(key, write.course_key): word for key, word in self.foretell(write).items() if word in statuses}
        return {row: status for row, status in wanted.items() if self.standing.get(row) != status}


def compare_with_database(school: School, rosters: Iterable[Roster], line: Line) -> None:
    """Accuse whatever differs between what clients were told and what is there: rows, and entries in the history."""
    for place in school.places:
        _compare_program(place, [roster for roster in rosters if roster.place == place], line)


def _compare_program(place: Place, rosters: list[Roster], line: Line) -> None:
    told = {row: status for roster in rosters for row, status in roster.standing.items()}
    doubtful = {row: status for roster in rosters for rows in roster.doubtful.values() for row, status in rows.items()}
    programs = ProgramEnrollment.objects.filter(program_uuid=place.program_uuid)
    courses = ProgramCourseEnrollment.objects.filter(program_uuid=place.program_uuid)
    columns = ("program_enrollment__external_user_key", "course_key", "status")
    there = {Row(str(key), ""): status for key, status in programs.values_list("external_user_key", "status")} | {
        Row(str(key), str(course_key)): status for key, course_key, status in courses.values_list(*columns)
    }
    for row in told.keys() | there.keys():
        if there.get(row) not in {told.get(row), doubtful.get(row, told.get(row))}:
            line.accuse(f"A client was told {told.get(row)}, and {there.get(row)} is there.")
    _compare_history(place, rosters, there, line)


def _compare_history(place: Place, rosters: list[Roster], there: dict[Row, str], line: Line) -> None:
    entries: Counter[tuple[str, Row]] = Counter()
    latest: dict[Row, str] = {}
    kept = ProgramEnrollment.history.filter(program_uuid=place.program_uuid).order_by("history_id")
    for request_id, key, status in kept.values_list("request_id", "external_user_key", "status").iterator():
        entries[request_id, Row(key, "")] += 1
        latest[Row(key, "")] = status
    names = dict(
        ProgramEnrollment.objects.filter(program_uuid=place.program_uuid).values_list("id", "external_user_key")
    )
    kept = ProgramCourseEnrollment.history.filter(program_uuid=place.program_uuid).order_by("history_id")
    columns = ("request_id", "program_enrollment_id", "course_key", "status")
    for request_id, enrollment_id, course_key, status in kept.values_list(*columns).iterator():
        row = Row(str(names.get(enrollment_id)), str(course_key))
        entries[request_id, row] += 1
        latest[row] = status
    if latest != there:
        line.accuse("The last entries of the history are not what is there.")
    expected = {(request_id, row) for roster in rosters for request_id, rows in roster.changes.items() for row in rows}
    possible = {(request_id, row) for roster in rosters for request_id, rows in roster.doubtful.items() for row in rows}
    problems = {
        "acknowledged changes are missing in the history": expected - entries.keys(),
        "refused changes are in the history": entries.keys() - expected - possible,
        "changes are in the history more than once": {entry for entry, times in entries.items() if times > 1},
    }
    for problem, found in problems.items():
        if found:
            line.accuse(f"{len(found)} {problem}.")


def foretold_status(answer: dict[str, str]) -> int:
    """Return the HTTP status of a map of outcomes (contract section 4)."""
    good = {*ProgramEnrollmentStatus.values, *ProgramCourseEnrollmentStatus.values}
    successes = sum(word in good for word in answer.values())
    return 200 if successes == len(answer) else 207 if successes else 422
