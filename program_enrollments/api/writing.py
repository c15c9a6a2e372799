"""Writing enrollments, many learners at a time (contract section 4)."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, RunPlacement, get_catalog
from program_enrollments.api.course_writing import carry_out_course_wishes, set_course_staff
from program_enrollments.api.deciding import CourseDecision, decide_course_enrollments, decide_program_rows
from program_enrollments.api.locks import lock_accounts, lock_learners, lock_learners_first
from program_enrollments.api.lookups import find_administering_organization_key, get_program, get_run_placement
from program_enrollments.api.records import (
    SYSTEM,
    ChangeSource,
    ProgramCourseEnrollmentRecord,
    ProgramEnrollmentRecord,
)
from program_enrollments.api.statements import Query, RowAnswer, RowName, as_rows, held_by, write_rows
from program_enrollments.constants import (
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteAction,
    WriteFailure,
    WriteKind,
)
from program_enrollments.exceptions import UnknownCurriculum
from program_enrollments.metrics import count_written
from program_enrollments.models import ProgramEnrollment
from program_enrollments.outages import ROW_REFUSALS, is_outage

logger = logging.getLogger(__name__)

Record = TypeVar("Record", ProgramEnrollmentRecord, ProgramCourseEnrollmentRecord)
Row = TypeVar("Row")
Answer = TypeVar("Answer")
Outcomes = dict[str, str]

PROGRAM_STATUSES = frozenset(ProgramEnrollmentStatus.values)
COURSE_RUN_STATUSES = frozenset(ProgramCourseEnrollmentStatus.values)


def write_program_enrollments(
    *,
    program_uuid: UUID,
    action: WriteAction,
    records: Sequence[ProgramEnrollmentRecord],
    source: ChangeSource = SYSTEM,
) -> Outcomes:
    """Create or update learners' enrollments in a program (contract section 4.1).

    A refused learner does not undo the others; all that succeed are written in one transaction. Records of CREATE
    and UPSERT must have a curriculum.
    Returns: {student key: the status that now stands, or a `WriteFailure`}, one entry for each key.
    Raises: ProgramDoesNotExist, UnknownCurriculum: nothing was written.
    """
    return write_enrollments_in_program(get_program(program_uuid), action=action, records=records, source=source)


def write_enrollments_in_program(
    program: Program, *, action: WriteAction, records: Sequence[ProgramEnrollmentRecord], source: ChangeSource = SYSTEM
) -> Outcomes:
    """Do as `write_program_enrollments`, for callers who have looked the program up."""
    if action is not WriteAction.UPDATE:
        _refuse_unknown_curricula(program, records)
    outcomes, wanted = _refuse_bad_records(records, PROGRAM_STATUSES)
    rows = [RowName(index, record.student_key) for index, record in enumerate(wanted)]
    answers = carry_out_program_rows(
        program=program,
        action=action,
        rows=rows,
        as_query=lambda some: as_rows(some, [wanted[row.input_order] for row in some]),
        source=source,
    )
    for answer in answers:
        record = wanted[answer.input_order]
        outcomes[record.student_key] = answer.failure or record.status
    count_written(WriteKind.PROGRAM, outcomes.values())
    return outcomes


def write_program_course_enrollments(
    *,
    program_uuid: UUID,
    course_key: CourseKey,
    action: WriteAction,
    records: Sequence[ProgramCourseEnrollmentRecord],
    source: ChangeSource = SYSTEM,
) -> Outcomes:
    """Create or update learners' enrollments in a course run through a program (contract section 4.2).

    A refused learner does not undo the others; all that succeed are written in one transaction.
    Returns: {student key: the status that now stands, or a `WriteFailure`}, one entry for each key.
    Raises: ProgramDoesNotExist, CourseDoesNotExist, CourseNotInProgram: nothing was written.
    """
    program = get_program(program_uuid)
    return write_enrollments_in_run(
        program,
        get_run_placement(program, course_key),
        course_key=course_key,
        action=action,
        records=records,
        source=source,
    )


def write_enrollments_in_run(
    program: Program,
    placement: RunPlacement,
    *,
    course_key: CourseKey,
    action: WriteAction,
    records: Sequence[ProgramCourseEnrollmentRecord],
    source: ChangeSource = SYSTEM,
) -> Outcomes:
    """Do as `write_program_course_enrollments`, for callers who have looked program and run up."""
    outcomes, wanted = _refuse_bad_records(records, COURSE_RUN_STATUSES)
    decisions = carry_out_program_course_enrollments(
        program=program, course_key=course_key, placement=placement, action=action, records=wanted, source=source
    )
    outcomes |= {decision.record.student_key: decision.outcome for decision in decisions}
    count_written(WriteKind.COURSE_RUN, outcomes.values())
    return outcomes


def lock_for_several_writes(program: Program, student_keys: Collection[str]) -> None:
    """Take all locks that writes about the learners need, for a transaction that does several of them.

    Each write takes its own in the order of `locks`; without this, those of the second would come out of that order.
    """
    lock_learners(find_administering_organization_key(program), student_keys)
    rows = ProgramEnrollment.objects.filter(held_by(program.uuid, student_keys=list(student_keys))).order_by("id")
    user_ids = rows.select_for_update(no_key=True).values_list("user_id", flat=True)
    lock_accounts([user_id for user_id in user_ids if user_id])


def carry_out_program_rows(
    *,
    program: Program,
    action: WriteAction,
    rows: Sequence[RowName],
    as_query: Callable[[Sequence[RowName]], Query],
    source: ChangeSource,
    others_are_locked_out: bool = False,
) -> list[RowAnswer]:
    """Decide about rows and write what was decided, in one transaction.

    `as_query` gives the rows that have some of the names, as `statements.decide_rows` takes them. They have a known
    status, and one a place at most; with UPDATE, one a student key.
    `others_are_locked_out`: the caller's transaction has called `lock_out_other_writers`.
    Returns the answers to those that failed, or before which something else stood than was expected.
    """

    def write(some_rows: Sequence[RowName], locks: Query | None = None) -> list[RowAnswer]:
        decision = decide_program_rows(
            program=program,
            action=action,
            rows=as_query(some_rows),
            student_keys={row.student_key for row in some_rows},
            lock=not others_are_locked_out,
        )
        return write_rows(decision, program_uuid=program.uuid, source=source, locks=locks)

    def write_all() -> list[RowAnswer]:
        locks = None
        if not others_are_locked_out:
            locks = lock_learners_first(find_administering_organization_key(program), [row.student_key for row in rows])
        # Locks and write go to the database together, which makes one transaction of both by itself.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return write(rows, locks)

    def lock() -> None:
        if not others_are_locked_out:
            _lock_learners_of(program, rows)

    def refuse(row: RowName) -> RowAnswer:
        return RowAnswer(row.input_order, WriteFailure.INTERNAL_ERROR.value, None, None)

    return _write_around_faults(rows, write_all=write_all, lock=lock, write=write, refuse=refuse)


def carry_out_program_course_enrollments(
    *,
    program: Program,
    course_key: CourseKey,
    placement: RunPlacement,
    action: WriteAction,
    records: Sequence[ProgramCourseEnrollmentRecord],
    source: ChangeSource,
    others_are_locked_out: bool = False,
    observe: Callable[[Sequence[CourseDecision]], None] = lambda decisions: None,
) -> list[CourseDecision]:
    """Decide about records in a course run of the program and write what was decided, in one transaction.

    Records have a known status, and a student key of their own. Answers are in the order of the records.
    `others_are_locked_out`: the caller's transaction has called `lock_out_other_writers`. `observe` is shown what was
    decided before it is written; after a fault, the same records come again.
    """

    def write(some_records: Sequence[ProgramCourseEnrollmentRecord]) -> list[CourseDecision]:
        decisions = decide_course_enrollments(
            program=program,
            course_key=course_key,
            placement=placement,
            action=action,
            records=some_records,
            lock=not others_are_locked_out,
        )
        observe(decisions)
        return _write_course_decisions(decisions, source)

    def write_all() -> list[CourseDecision]:
        with transaction.atomic():
            lock()
            return write(records)

    def lock() -> None:
        if not others_are_locked_out:
            _lock_learners_of(program, records)

    def refuse(record: ProgramCourseEnrollmentRecord) -> CourseDecision:
        return CourseDecision(record, WriteFailure.INTERNAL_ERROR.value)

    return _write_around_faults(records, write_all=write_all, lock=lock, write=write, refuse=refuse)


def _refuse_unknown_curricula(program: Program, records: Sequence[ProgramEnrollmentRecord]) -> None:
    if not settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM:
        return
    known = get_catalog().list_curriculum_uuids([program.uuid])[program.uuid]
    unknown = [index for index, record in enumerate(records) if record.curriculum_uuid not in known]
    if unknown:
        raise UnknownCurriculum(unknown)


def _refuse_bad_records(records: Sequence[Record], known_statuses: Collection[str]) -> tuple[Outcomes, list[Record]]:
    """Return the outcomes of repeated keys and unknown statuses, and the other records."""
    times_sent = Counter([record.student_key for record in records])
    outcomes: Outcomes = {}
    wanted = []
    for record in records:
        if times_sent[record.student_key] > 1:
            outcomes[record.student_key] = WriteFailure.DUPLICATED.value
        elif record.status not in known_statuses:
            outcomes[record.student_key] = WriteFailure.INVALID_STATUS.value
        else:
            outcomes[record.student_key] = ""  # keeps the place in the answer, in the order sent
            wanted.append(record)
    return outcomes, wanted


def _lock_learners_of(program: Program, rows: Sequence[RowName] | Sequence[ProgramCourseEnrollmentRecord]) -> None:
    lock_learners(find_administering_organization_key(program), [row.student_key for row in rows])


def _write_around_faults(
    rows: Sequence[Row],
    *,
    write_all: Callable[[], list[Answer]],
    lock: Callable[[], None],
    write: Callable[[Sequence[Row]], list[Answer]],
    refuse: Callable[[Row], Answer],
) -> list[Answer]:
    """Write all at once, in one transaction; where the database refuses a row, close in on its learner.

    `write_all` is that transaction. `lock` takes the locks of all rows, and `write` writes some of them under locks. A
    learner whose row is refused gets `internal-error`.
    Raises: DatabaseError: it takes no writes at all, whoever they are about.
    """
    if not rows:
        return []
    try:
        return write_all()
    except ROW_REFUSALS as fault:
        if is_outage(fault):
            raise
    with transaction.atomic():
        lock()
        return _close_in(rows, write, refuse)


def _close_in(
    rows: Sequence[Row], write: Callable[[Sequence[Row]], list[Answer]], refuse: Callable[[Row], Answer]
) -> list[Answer]:
    try:
        with transaction.atomic():
            return write(rows)
    except ROW_REFUSALS as fault:
        if is_outage(fault):
            raise
        if len(rows) == 1:
            # The fault's own text may quote the row, and with it the learner.
            state = getattr(fault.__cause__, "pgcode", None)
            logger.error("The database refused one learner's enrollment: %s, SQLSTATE %s.", type(fault).__name__, state)  # noqa: TRY400 -- see above
            return [refuse(rows[0])]
    middle = len(rows) // 2
    return _close_in(rows[:middle], write, refuse) + _close_in(rows[middle:], write, refuse)


def _write_course_decisions(decisions: Sequence[CourseDecision], source: ChangeSource) -> list[CourseDecision]:
    row_ids = carry_out_course_wishes([decision.wish for decision in decisions if decision.wish], source=source)
    set_course_staff(
        {
            decision.wish: decision.record.course_staff
            for decision in decisions
            if decision.wish in row_ids and decision.record.course_staff is not None
        },
        row_ids,
    )
    return [
        CourseDecision(decision.record, WriteFailure.CONFLICT.value)
        if decision.wish and decision.wish not in row_ids
        else decision
        for decision in decisions
    ]
