"""Writing enrollments, many learners at a time (contract section 4)."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, InternalError, transaction
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, RunPlacement, get_catalog
from learners.service import find_user_ids_by_student_keys
from program_enrollments.api.course_writing import (
    CourseWish,
    carry_out_course_wishes,
    find_active_elsewhere,
    set_course_staff,
)
from program_enrollments.api.locks import lock_accounts, lock_learners
from program_enrollments.api.lookups import (
    find_administering_organization_key,
    get_program,
    get_run_placement,
)
from program_enrollments.api.records import (
    SYSTEM,
    ChangeSource,
    ProgramCourseEnrollmentRecord,
    ProgramEnrollmentRecord,
)
from program_enrollments.api.statements import insert_with_history, update_with_history
from program_enrollments.constants import (
    ACTIVE_PROGRAM_STATUSES,
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteAction,
    WriteFailure,
)
from program_enrollments.exceptions import UnknownCurriculum
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment

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
        return _write_course_enrollments(
            program=program,
            course_key=course_key,
            placement=placement,
            action=action,
            records=some_records,
            source=source,
        )

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
    held = _lock_enrollments_by_key(program, records)
    outcomes: Outcomes = {}
    created: list[ProgramEnrollmentRecord] = []
    changes: list[dict[str, Any]] = []
    for record in records:
        enrollment = _choose_enrollment(held.get(record.student_key, []), record.curriculum_uuid, action)
        if enrollment is None:
            if action is WriteAction.UPDATE:
                outcomes[record.student_key] = WriteFailure.NOT_IN_PROGRAM.value
            else:
                created.append(record)
        elif action is WriteAction.CREATE:
            outcomes[record.student_key] = WriteFailure.CONFLICT.value
        else:
            changes.append({"id": enrollment.pk, "status": record.status})
            outcomes[record.student_key] = record.status
    update_with_history(ProgramEnrollment, changes, source=source)
    return outcomes | _create_program_enrollments(program, created, source)


def _lock_enrollments_by_key(program: Program, records: Sequence[Record]) -> dict[str, list[ProgramEnrollment]]:
    enrollments = (
        ProgramEnrollment.objects.select_for_update(no_key=True)
        .filter(program_uuid=program.uuid, external_user_key__in=[record.student_key for record in records])
        .order_by("id")
    )
    held: dict[str, list[ProgramEnrollment]] = {}
    for enrollment in enrollments:
        held.setdefault(enrollment.external_user_key or "", []).append(enrollment)
    return held


def _choose_enrollment(
    held: Iterable[ProgramEnrollment], curriculum_uuid: UUID | None, action: WriteAction
) -> ProgramEnrollment | None:
    """Choose which of a learner's enrollments in the program a record is about (contract section 4.1)."""
    for enrollment in held:
        if enrollment.curriculum_uuid == curriculum_uuid:
            return enrollment
    if action is WriteAction.UPDATE:
        return max(held, key=_standing, default=None)
    return None


def _standing(enrollment: ProgramEnrollment) -> tuple[Any, ...]:
    """Sort key of a learner's enrollments: active over inactive, then the latest modified."""
    return enrollment.status in ACTIVE_PROGRAM_STATUSES, enrollment.modified, enrollment.pk


def _create_program_enrollments(
    program: Program, records: Sequence[ProgramEnrollmentRecord], source: ChangeSource
) -> Outcomes:
    organization_key = find_administering_organization_key(program)
    if not records:
        return {}
    user_ids = (
        find_user_ids_by_student_keys(
            organization_key=organization_key, student_keys=[record.student_key for record in records]
        )
        if organization_key
        else {}
    )
    rows = [
        {
            "user_id": user_ids.get(record.student_key),
            "external_user_key": record.student_key,
            "program_uuid": program.uuid,
            "curriculum_uuid": record.curriculum_uuid,
            "status": record.status,
        }
        for record in records
    ]
    # Accounts are not locked here: requests that meet in their unique constraint must come to it in the same order.
    rows.sort(key=lambda row: row["user_id"] or 0)
    inserted = insert_with_history(ProgramEnrollment, rows, source=source)
    outcomes: Outcomes = {record.student_key: WriteFailure.CONFLICT.value for record in records}
    return outcomes | {row["external_user_key"]: row["status"] for row in inserted}


def _write_course_enrollments(
    *,
    program: Program,
    course_key: CourseKey,
    placement: RunPlacement,
    action: WriteAction,
    records: Sequence[ProgramCourseEnrollmentRecord],
    source: ChangeSource,
) -> Outcomes:
    held = _lock_enrollments_by_key(program, records)
    standing = {
        row.program_enrollment_id: row
        for row in ProgramCourseEnrollment.objects.filter(
            program_enrollment__in=[enrollment.pk for some in held.values() for enrollment in some],
            course_key=course_key,
        )
    }

    def preference(enrollment: ProgramEnrollment) -> tuple[Any, ...]:
        row = standing.get(enrollment.pk)
        return (
            row is not None,
            row is not None and row.status == ProgramCourseEnrollmentStatus.ACTIVE,
            enrollment.curriculum_uuid in placement.curriculum_uuids,
            *_standing(enrollment),
        )

    outcomes: Outcomes = {}
    chosen: dict[str, ProgramEnrollment] = {}
    for record in records:
        enrollment = max(held.get(record.student_key, []), key=preference, default=None)
        if enrollment is None:
            outcomes[record.student_key] = WriteFailure.NOT_IN_PROGRAM.value
        elif action is WriteAction.CREATE and enrollment.pk in standing:
            outcomes[record.student_key] = WriteFailure.CONFLICT.value
        elif action is WriteAction.UPDATE and enrollment.pk not in standing:
            outcomes[record.student_key] = WriteFailure.NOT_FOUND.value
        else:
            chosen[record.student_key] = enrollment

    lock_accounts([enrollment.user_id for enrollment in chosen.values() if enrollment.user_id])
    elsewhere = find_active_elsewhere(
        chosen.values(), [course_key], organization_key=find_administering_organization_key(program)
    )
    wishes: dict[str, CourseWish] = {}
    is_staff_by_wish: dict[CourseWish, bool] = {}
    claimed_accounts: set[int] = set()
    for record in records:
        enrollment = chosen.get(record.student_key)
        if enrollment is None:
            continue
        wants_active = record.status == ProgramCourseEnrollmentStatus.ACTIVE
        claimed = enrollment.user_id in claimed_accounts
        if wants_active and (claimed or elsewhere.holds(enrollment, course_key)):
            outcomes[record.student_key] = WriteFailure.CONFLICT.value
            continue
        if wants_active and enrollment.user_id:
            claimed_accounts.add(enrollment.user_id)
        wish = CourseWish(
            enrollment,
            course_key,
            record.status,
            standing.get(enrollment.pk),
            rests_elsewhere=elsewhere.rests_on_account(enrollment, course_key),
        )
        wishes[record.student_key] = wish
        if record.course_staff is not None:
            is_staff_by_wish[wish] = record.course_staff
    row_ids = carry_out_course_wishes(list(wishes.values()), source=source)
    set_course_staff({wish: is_staff for wish, is_staff in is_staff_by_wish.items() if wish in row_ids}, row_ids)
    for student_key, wish in wishes.items():
        outcomes[student_key] = wish.status if wish in row_ids else WriteFailure.CONFLICT.value
    return outcomes
