"""Writing enrollments, many learners at a time (contract section 4)."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, InternalError, transaction
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, get_catalog
from program_enrollments.api.course_writing import carry_out_course_wishes, set_course_staff
from program_enrollments.api.deciding import CourseDecision, decide_course_enrollments, decide_program_enrollments
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

    def write(some_records: Sequence[ProgramEnrollmentRecord]) -> Outcomes:
        return _write_program_enrollments(program, action, some_records, source)

    return _write_apart(program, records, ProgramEnrollmentStatus.values, write)


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

    def write(some_records: Sequence[ProgramCourseEnrollmentRecord]) -> Outcomes:
        decisions = decide_course_enrollments(
            program=program,
            course_key=course_key,
            placement=placement,
            action=action,
            records=some_records,
            lock=True,
        )
        return _write_course_enrollments(decisions, source)

    return _write_apart(program, records, ProgramCourseEnrollmentStatus.values, write)


def _refuse_unknown_curricula(program: Program, records: Sequence[ProgramEnrollmentRecord]) -> None:
    if not settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM:
        return
    known = {curriculum.uuid for curriculum in get_catalog().list_curricula(program.uuid)}
    unknown = [index for index, record in enumerate(records) if record.curriculum_uuid not in known]
    if unknown:
        raise UnknownCurriculum(unknown)


def _write_apart(
    program: Program,
    records: Sequence[Record],
    known_statuses: Sequence[str],
    write: Callable[[Sequence[Record]], Outcomes],
) -> Outcomes:
    """Refuse repeated keys and unknown statuses, write the rest under the learners' locks, keep the order of keys."""
    times_sent = Counter(record.student_key for record in records)
    outcomes: Outcomes = {}
    wanted = []
    for record in records:
        if times_sent[record.student_key] > 1:
            outcomes[record.student_key] = WriteFailure.DUPLICATED.value
        elif record.status not in known_statuses:
            outcomes[record.student_key] = WriteFailure.INVALID_STATUS.value
        else:
            outcomes[record.student_key] = ""  # holds the place; every wanted record is answered below
            wanted.append(record)
    if wanted:
        with transaction.atomic():
            lock_learners(find_administering_organization_key(program), [record.student_key for record in wanted])
            outcomes |= _write_around_faults(wanted, write)
    return outcomes


def _write_around_faults(records: Sequence[Record], write: Callable[[Sequence[Record]], Outcomes]) -> Outcomes:
    """Write all at once; where the database refuses a row, close in on its learner, who gets `internal-error`."""
    try:
        with transaction.atomic():
            return write(records)
    except (DataError, IntegrityError, InternalError) as fault:
        if len(records) == 1:
            # The fault's own text may quote the row, and with it the learner.
            state = getattr(fault.__cause__, "pgcode", None)
            logger.error("The database refused one learner's enrollment: %s, SQLSTATE %s.", type(fault).__name__, state)  # noqa: TRY400 -- see above
            return {records[0].student_key: WriteFailure.INTERNAL_ERROR.value}
    middle = len(records) // 2
    return _write_around_faults(records[:middle], write) | _write_around_faults(records[middle:], write)


def _write_program_enrollments(
    program: Program, action: WriteAction, records: Sequence[ProgramEnrollmentRecord], source: ChangeSource
) -> Outcomes:
    decisions = decide_program_enrollments(program, action, records, lock=True)
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
    inserted = insert_with_history(ProgramEnrollment, rows, source=source)
    outcomes = {decision.record.student_key: decision.outcome for decision in decisions}
    lost_race = {decision.record.student_key for decision in new} - {row["external_user_key"] for row in inserted}
    return outcomes | dict.fromkeys(lost_race, WriteFailure.CONFLICT.value)


def _write_course_enrollments(decisions: Sequence[CourseDecision], source: ChangeSource) -> Outcomes:
    row_ids = carry_out_course_wishes([decision.wish for decision in decisions if decision.wish], source=source)
    set_course_staff(
        {
            decision.wish: decision.record.course_staff
            for decision in decisions
            if decision.wish in row_ids and decision.record.course_staff is not None
        },
        row_ids,
    )
    outcomes = {decision.record.student_key: decision.outcome for decision in decisions}
    lost_race = [
        decision.record.student_key for decision in decisions if decision.wish and decision.wish not in row_ids
    ]
    return outcomes | dict.fromkeys(lost_race, WriteFailure.CONFLICT.value)
