"""Writing enrollments, many learners at a time (contract section 4)."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, InternalError, transaction
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, RunPlacement, get_catalog
from program_enrollments.api.course_writing import carry_out_course_wishes, set_course_staff
from program_enrollments.api.deciding import (
    CourseDecision,
    EnrollmentDecision,
    decide_course_enrollments,
    decide_program_enrollments,
)
from program_enrollments.api.locks import lock_learners
from program_enrollments.api.lookups import find_administering_organization_key, get_program, get_run_placement
from program_enrollments.api.records import (
    SYSTEM,
    ChangeSource,
    ProgramCourseEnrollmentRecord,
    ProgramEnrollmentRecord,
)
from program_enrollments.api.statements import insert_with_history, update_with_history
from program_enrollments.constants import (
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteAction,
    WriteFailure,
)
from program_enrollments.exceptions import UnknownCurriculum
from program_enrollments.models import ProgramEnrollment

logger = logging.getLogger(__name__)

Record = TypeVar("Record", ProgramEnrollmentRecord, ProgramCourseEnrollmentRecord)
Decision = TypeVar("Decision", EnrollmentDecision, CourseDecision)
Outcomes = dict[str, str]


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
    program = get_program(program_uuid)
    if action is not WriteAction.UPDATE:
        _refuse_unknown_curricula(program, records)
    outcomes, wanted = _refuse_bad_records(records, ProgramEnrollmentStatus.values)
    decisions = carry_out_program_enrollments(program=program, action=action, records=wanted, source=source)
    return outcomes | {decision.record.student_key: decision.outcome for decision in decisions}


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
    placement = get_run_placement(program, course_key)
    outcomes, wanted = _refuse_bad_records(records, ProgramCourseEnrollmentStatus.values)
    decisions = carry_out_program_course_enrollments(
        program=program, course_key=course_key, placement=placement, action=action, records=wanted, source=source
    )
    return outcomes | {decision.record.student_key: decision.outcome for decision in decisions}


def carry_out_program_enrollments(
    *,
    program: Program,
    action: WriteAction,
    records: Sequence[ProgramEnrollmentRecord],
    source: ChangeSource,
    others_are_locked_out: bool = False,
) -> list[EnrollmentDecision]:
    """Decide about records and write what was decided, in one transaction.

    Records have a known status, and a student key of their own. Answers are in the order of the records.
    `others_are_locked_out`: the caller's transaction has called `lock_out_other_writers`.
    """

    def write(some_records: Sequence[ProgramEnrollmentRecord]) -> list[EnrollmentDecision]:
        decisions = decide_program_enrollments(
            program=program, action=action, records=some_records, lock=not others_are_locked_out
        )
        return _write_program_decisions(program, decisions, source)

    def refuse(record: ProgramEnrollmentRecord) -> EnrollmentDecision:
        return EnrollmentDecision(record, WriteFailure.INTERNAL_ERROR.value)

    with transaction.atomic():
        if not others_are_locked_out:
            _lock_learners_of(program, records)
        return _write_around_faults(records, write, refuse)


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

    def refuse(record: ProgramCourseEnrollmentRecord) -> CourseDecision:
        return CourseDecision(record, WriteFailure.INTERNAL_ERROR.value)

    with transaction.atomic():
        if not others_are_locked_out:
            _lock_learners_of(program, records)
        return _write_around_faults(records, write, refuse)


def _refuse_unknown_curricula(program: Program, records: Sequence[ProgramEnrollmentRecord]) -> None:
    if not settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM:
        return
    known = {curriculum.uuid for curriculum in get_catalog().list_curricula(program.uuid)}
    unknown = [index for index, record in enumerate(records) if record.curriculum_uuid not in known]
    if unknown:
        raise UnknownCurriculum(unknown)


def _refuse_bad_records(records: Sequence[Record], known_statuses: Sequence[str]) -> tuple[Outcomes, list[Record]]:
    """Return the outcomes of repeated keys and unknown statuses, and the other records."""
    times_sent = Counter(record.student_key for record in records)
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


def _lock_learners_of(program: Program, records: Sequence[Record]) -> None:
    lock_learners(find_administering_organization_key(program), [record.student_key for record in records])


def _write_around_faults(
    records: Sequence[Record],
    write: Callable[[Sequence[Record]], list[Decision]],
    refuse: Callable[[Record], Decision],
) -> list[Decision]:
    """Write all at once; where the database refuses a row, close in on its learner, who gets `internal-error`."""
    if not records:
        return []
    try:
        with transaction.atomic():
            return write(records)
    except (DataError, IntegrityError, InternalError) as fault:
        if len(records) == 1:
            # The fault's own text may quote the row, and with it the learner.
            state = getattr(fault.__cause__, "pgcode", None)
            logger.error("The database refused one learner's enrollment: %s, SQLSTATE %s.", type(fault).__name__, state)  # noqa: TRY400 -- see above
            return [refuse(records[0])]
    middle = len(records) // 2
    first_half = _write_around_faults(records[:middle], write, refuse)
    return first_half + _write_around_faults(records[middle:], write, refuse)


def _write_program_decisions(
    program: Program, decisions: Sequence[EnrollmentDecision], source: ChangeSource
) -> list[EnrollmentDecision]:
    update_with_history(
        ProgramEnrollment,
        [
            {"id": decision.enrollment.pk, "status": decision.record.status}
            for decision in decisions
            if decision.enrollment
        ],
        source=source,
    )
    new = [decision for decision in decisions if not decision.enrollment and not decision.is_refused]
    rows = [
        {
            "user_id": decision.user_id,
            "external_user_key": decision.record.student_key,
            "program_uuid": program.uuid,
            "curriculum_uuid": decision.record.curriculum_uuid,
            "status": decision.record.status,
        }
        for decision in new
    ]
    # Accounts are not locked here: requests that meet in their unique constraint must come to it in the same order.
    rows.sort(key=lambda row: row["user_id"] or 0)
    inserted = insert_with_history(ProgramEnrollment, rows, source=source, returning=["external_user_key"])
    lost_race = {decision.record.student_key for decision in new} - {row["external_user_key"] for row in inserted}
    return [
        EnrollmentDecision(decision.record, WriteFailure.CONFLICT.value)
        if decision.record.student_key in lost_race
        else decision
        for decision in decisions
    ]


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
