"""Planning: what each row of a file would do, decided by the rules that the API writes by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, get_catalog
from imports.constants import ACTIVE_STATUSES, ImportKind, RowOutcome
from imports.copying import PlannedRow, copy_rows, read_uuid
from imports.files import FileRow
from imports.messages import FAULTS, Fault
from imports.models import Import
from imports.plan_statements import add_decided_rows, make_file_rows
from learners.service import find_accounts_of_several_identities
from program_enrollments import api
from program_enrollments.constants import (
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteAction,
    WriteFailure,
)

PROGRAM_STATUSES = frozenset(ProgramEnrollmentStatus.values)
COURSE_STATUSES = frozenset(ProgramCourseEnrollmentStatus.values)
MISSING: dict[str, WriteFailure] = {
    ImportKind.PROGRAM_ENROLLMENTS: WriteFailure.NOT_IN_PROGRAM,
    ImportKind.COURSE_ENROLLMENTS: WriteFailure.NOT_FOUND,
}


class Place(NamedTuple):
    """What a row is about: a learner in a curriculum or a course run, told by a hash."""

    student_key: str
    number: int


class Planner(Protocol):
    """Plans the rows of one file, some at a time, into the database; remembers what earlier rows would do."""

    def plan(self, rows: Sequence[FileRow]) -> list[Place]:
        """Store the plan of the rows, in the caller's transaction. Returns what they are about, in their order."""


def make_planner(item: Import, program: Program) -> Planner:
    """Return the planner for the import's kind of rows."""
    if item.kind == ImportKind.COURSE_ENROLLMENTS:
        return CoursePlanner(item, program)
    return ProgramPlanner(item, program)


class ProgramPlanner:
    """Plans rows of program enrollments."""

    def __init__(self, item: Import, program: Program) -> None:
        self._import_id = item.pk
        self._program = program
        self._action = WriteAction(item.action)
        self._known_curricula = get_catalog().list_curriculum_uuids([program.uuid])[program.uuid]
        self._default_curriculum = next((uuid for uuid, is_active in self._known_curricula.items() if is_active), None)
        self._claims: list[api.Claim] = []

    def plan(self, rows: Sequence[FileRow]) -> list[Place]:
        """See `Planner`."""
        wanted: list[tuple[int, str, UUID | None, str]] = []
        refused: list[PlannedRow] = []
        places = []
        for row in rows:
            values = row.values
            named = "" if row.reject else values["curriculum_uuid"]
            curriculum_uuid = read_uuid(named) if named else self._default_curriculum
            fault = row.reject or self._find_fault(values["status"], curriculum_uuid)
            if fault:
                planned = _start(row)
                planned.curriculum_uuid = None if row.reject else curriculum_uuid
                if not row.reject:
                    reject(planned, fault.code)
                refused.append(planned)
                places.append(Place(planned.student_key, hash((planned.student_key, planned.curriculum_uuid))))
            else:
                student_key = values["student_key"]
                wanted.append((row.line, student_key, curriculum_uuid, values["status"]))
                places.append(Place(student_key, hash((student_key, curriculum_uuid))))
        if refused:
            copy_rows(self._import_id, refused)
        if wanted:
            self._decide(wanted)
        return places

    def _find_fault(self, status: str, curriculum_uuid: UUID | None) -> Fault | None:
        if status not in PROGRAM_STATUSES:
            return FAULTS["invalid-status"]
        if self._action is WriteAction.UPDATE:
            return None  # it finds the learner's enrollment whatever the curriculum
        if curriculum_uuid is None:
            return FAULTS["no_curriculum"]
        if settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM and curriculum_uuid not in self._known_curricula:
            return FAULTS["unknown_curriculum"]
        return None

    def _decide(self, wanted: Sequence[tuple[int, str, UUID | None, str]]) -> None:
        lines, student_keys, curriculum_uuids, statuses = zip(*wanted, strict=True)
        decision = api.decide_program_rows(
            program=self._program,
            action=self._action,
            rows=make_file_rows(lines, student_keys, curriculum_uuids, statuses),
            student_keys=set(student_keys),
            claims=self._claims,
            lock=False,
        )
        claims = add_decided_rows(self._import_id, decision)
        if claims:
            # An account of one identity is named by one student key only, so that no other row can claim its place.
            rivals = find_accounts_of_several_identities({claim.user_id for claim in claims})
            self._claims += [claim for claim in claims if claim.user_id in rivals]


class CoursePlanner:
    """Plans rows of program course enrollments."""

    def __init__(self, item: Import, program: Program) -> None:
        self._import_id = item.pk
        self._program = program
        self._action = WriteAction(item.action)
        catalog = get_catalog()
        runs = catalog.list_course_runs(catalog.list_course_run_keys(program.uuid))
        self._keys = {run.external_key: run.key for run in reversed(runs) if run.external_key}
        self._keys.update({str(run.key): run.key for run in runs})
        self._claimed: dict[CourseKey, set[int]] = {}

    def plan(self, rows: Sequence[FileRow]) -> list[Place]:
        """See `Planner`."""
        planned = [self._read(row) for row in rows]
        first_rows = _map_first_rows(planned)
        for course_key, group in group_by_course_run(first_rows.values()):
            decisions = api.decide_course_enrollments(
                program=self._program,
                course_key=course_key,
                placement=api.get_run_placement(self._program, course_key),
                action=self._action,
                records=[as_course_record(row) for row in group],
                lock=False,
                claimed=self._claimed,
            )
            settle_course_rows(group, decisions, find_held(decisions, course_key))
        _repeat_decisions(first_rows, planned)
        copy_rows(self._import_id, planned)
        return [Place(row.student_key, hash((row.student_key, row.course_key))) for row in planned]

    def _read(self, row: FileRow) -> PlannedRow:
        planned = _start(row)
        if row.reject:
            return planned
        course_key = self._keys.get(row.values["course_id"])
        planned.course_key = str(course_key or row.values["course_id"])[:255]
        planned.course_staff = {"true": True, "false": False}.get(row.values.get("course_staff", ""))
        if course_key is None:
            reject(planned, "course_not_in_program")
        elif row.values["status"] not in COURSE_STATUSES:
            reject(planned, "invalid-status")
        return planned


def reject(row: PlannedRow, code: str) -> None:
    """Turn a row into a reject."""
    fault = FAULTS[code]
    row.outcome = RowOutcome.REJECT
    row.error_code, row.error_column, row.error_message, row.error_hint = fault
    row.before = row.after = row.account_before = None


def _map_first_rows(rows: Iterable[PlannedRow]) -> dict[tuple[str, str], PlannedRow]:
    """Return the rows to decide about: {(student key, course key): the first of them}."""
    first_rows: dict[tuple[str, str], PlannedRow] = {}
    for row in rows:
        if row.outcome != RowOutcome.REJECT:
            first_rows.setdefault((row.student_key, row.course_key), row)
    return first_rows


def _repeat_decisions(first_rows: Mapping[tuple[str, str], PlannedRow], rows: Iterable[PlannedRow]) -> None:
    """Give rows that come again what was decided about the first; `settle_repeated_rows` judges them as a whole."""
    for row in rows:
        first = first_rows.get((row.student_key, row.course_key))
        if first is not None and first is not row and row.outcome != RowOutcome.REJECT:
            for name in ("outcome", "before", "after", "account_before", "enrollment_id"):
                setattr(row, name, getattr(first, name))
            if first.outcome == RowOutcome.REJECT:
                reject(row, first.error_code)


def group_by_course_run(rows: Iterable[PlannedRow]) -> Iterator[tuple[CourseKey, list[PlannedRow]]]:
    """Yield the rows of each course run together, in their order."""
    for key, group in groupby(sorted(rows, key=lambda row: row.course_key), key=lambda row: row.course_key):
        yield CourseKey.from_string(key), list(group)


def as_course_record(row: PlannedRow) -> api.ProgramCourseEnrollmentRecord:
    """Return the record that a row stands for."""
    return api.ProgramCourseEnrollmentRecord(row.student_key, row.status, row.course_staff)


def settle_program_row(row: PlannedRow, answer: api.RowAnswer) -> None:
    """Write into a row of the plan what became of it, where that is not what was planned."""
    if answer.failure:
        reject(row, answer.failure)
        return
    row.enrollment_id = answer.enrollment_id
    row.before = None if answer.before is None else {"status": answer.before}
    row.after = {"status": row.status}
    row.outcome = _outcome(row.before, row.after)


def settle_drop(row: PlannedRow, before: str | None, kind: str) -> None:
    """Write into a row of the plan what became of a learner to be dropped; `before` is the status that stood."""
    if before is None:
        reject(row, MISSING[kind].value)
        return
    is_dropped = before in ACTIVE_STATUSES[kind]
    row.before = {"status": before}
    row.after = {"status": row.status if is_dropped else before}
    row.outcome = RowOutcome.DROP if is_dropped else RowOutcome.UNCHANGED


@dataclass(slots=True)
class HeldInRun:
    """What learners have in a course run before a write.

    `staff_ids`: the standing rows whose learners are staff of the run. `accounts`: what accounts have there, by the
    program enrollments for which a row is to be created.
    """

    staff_ids: set[int]
    accounts: dict[int, api.AccountInRun]

    def update(self, other: "HeldInRun") -> None:
        """Add what was found for further rows."""
        self.staff_ids |= other.staff_ids
        self.accounts |= other.accounts


def find_held(decisions: Sequence[api.CourseDecision], course_key: CourseKey) -> HeldInRun:
    """Return what the decisions' learners have in the run now."""
    wishes = [decision.wish for decision in decisions if decision.wish]
    return HeldInRun(
        api.list_course_staff([wish.row.pk for wish in wishes if wish.row]),
        api.list_accounts_in_run([wish.enrollment for wish in wishes if not wish.row], course_key),
    )


def settle_course_rows(rows: Sequence[PlannedRow], decisions: Sequence[api.CourseDecision], held: HeldInRun) -> None:
    """Write into rows what was decided about them; `held` as it was before the write."""
    for row, decision in zip(rows, decisions, strict=True):
        if decision.wish is None:
            reject(row, decision.outcome)
            continue
        standing = decision.wish.row
        row.enrollment_id = standing.pk if standing else None
        row.before = {"status": standing.status} if standing else None
        account = held.accounts.get(decision.wish.enrollment.pk)
        row.account_before = account._asdict() if account else None
        row.after = {"status": row.status}
        if row.course_staff is not None:
            row.after["course_staff"] = row.course_staff
            if row.before is not None:
                row.before["course_staff"] = standing is not None and standing.pk in held.staff_ids
        row.outcome = _outcome(row.before, row.after)


def _outcome(before: dict[str, Any] | None, after: dict[str, Any]) -> RowOutcome:
    if before is None:
        return RowOutcome.CREATE
    return RowOutcome.UNCHANGED if before == after else RowOutcome.UPDATE


def _start(row: FileRow) -> PlannedRow:
    planned = PlannedRow(
        position=row.line,
        line=row.line,
        student_key=_storable(row.values.get("student_key", "")[:255]),
        status=_storable(row.values.get("status", "")[:255]),
        outcome=RowOutcome.UNCHANGED,
    )
    if row.reject:
        planned.outcome = RowOutcome.REJECT
        planned.error_code = row.reject.code
        planned.error_column = row.reject.column or ""
        planned.error_message = row.reject.message
        planned.error_hint = row.reject.hint
    return planned


def _storable(text: str) -> str:
    # What PostgreSQL cannot store only ever comes in rows that are rejected for it.
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
