"""What each record of a bulk write would do, told without doing it (contract section 4).

Bulk writes carry the decisions out at once, under the learners' locks; previews of imports only show them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, RunPlacement
from learners.service import find_user_ids_by_student_keys, hold_accounts
from program_enrollments.api.course_writing import CourseWish, find_active_elsewhere
from program_enrollments.api.locks import lock_accounts
from program_enrollments.api.lookups import find_administering_organization_key
from program_enrollments.api.records import ProgramCourseEnrollmentRecord, ProgramEnrollmentRecord
from program_enrollments.constants import (
    ACTIVE_PROGRAM_STATUSES,
    ProgramCourseEnrollmentStatus,
    WriteAction,
    WriteFailure,
)
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment


@dataclass(frozen=True, slots=True)
class EnrollmentDecision:
    """What becomes of one record.

    `outcome`: the status that will stand, or a `WriteFailure`. `enrollment`: the one that is changed; None when one
    is created, for the account `user_id` if there is one, and when the record is refused.
    """

    record: ProgramEnrollmentRecord
    outcome: str
    enrollment: ProgramEnrollment | None = None
    user_id: int | None = None

    @property
    def is_refused(self) -> bool:
        """Tell whether nothing will be written for the record."""
        return self.outcome in WriteFailure.values


@dataclass(frozen=True, slots=True)
class CourseDecision:
    """What becomes of one record in a course run: `wish` is None when it is refused."""

    record: ProgramCourseEnrollmentRecord
    outcome: str
    wish: CourseWish | None = None


def decide_program_enrollments(
    program: Program, action: WriteAction, records: Sequence[ProgramEnrollmentRecord], *, lock: bool
) -> list[EnrollmentDecision]:
    """Decide about records of known status, one for each student key; answers are in their order.

    `lock` takes the locks of the rows on which the decisions rest; the caller holds the learners' locks then.
    """
    held = _find_enrollments_by_key(program, records, lock=lock)
    chosen = {
        record.student_key: _choose_enrollment(held.get(record.student_key, []), record.curriculum_uuid, action)
        for record in records
    }
    new = [] if action is WriteAction.UPDATE else [record for record in records if not chosen[record.student_key]]
    user_ids = _find_accounts(program, new, lock=lock)
    taken: set[tuple[int, UUID | None]] = set(
        ProgramEnrollment.objects.filter(program_uuid=program.uuid, user_id__in=user_ids.values()).values_list(
            "user_id", "curriculum_uuid"
        )
        if user_ids
        else ()
    )
    decisions = []
    for record in records:
        enrollment, user_id = chosen[record.student_key], user_ids.get(record.student_key)
        if enrollment is None and action is WriteAction.UPDATE:
            decisions.append(EnrollmentDecision(record, WriteFailure.NOT_IN_PROGRAM.value))
        elif enrollment is not None and action is WriteAction.CREATE:
            decisions.append(EnrollmentDecision(record, WriteFailure.CONFLICT.value))
        elif enrollment is not None:
            decisions.append(EnrollmentDecision(record, record.status, enrollment))
        elif user_id is not None and (user_id, record.curriculum_uuid) in taken:
            decisions.append(EnrollmentDecision(record, WriteFailure.CONFLICT.value))
        else:
            if user_id is not None:
                taken.add((user_id, record.curriculum_uuid))
            decisions.append(EnrollmentDecision(record, record.status, user_id=user_id))
    return decisions


def decide_course_enrollments(
    *,
    program: Program,
    course_key: CourseKey,
    placement: RunPlacement,
    action: WriteAction,
    records: Sequence[ProgramCourseEnrollmentRecord],
    lock: bool,
) -> list[CourseDecision]:
    """Decide about records of known status, one for each student key; answers are in their order.

    `lock` takes the locks on which the decisions rest; the caller holds the learners' locks then.
    """
    held = _find_enrollments_by_key(program, records, lock=lock)
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

    refused: dict[str, WriteFailure] = {}
    chosen: dict[str, ProgramEnrollment] = {}
    for record in records:
        enrollment = max(held.get(record.student_key, []), key=preference, default=None)
        if enrollment is None:
            refused[record.student_key] = WriteFailure.NOT_IN_PROGRAM
        elif action is WriteAction.CREATE and enrollment.pk in standing:
            refused[record.student_key] = WriteFailure.CONFLICT
        elif action is WriteAction.UPDATE and enrollment.pk not in standing:
            refused[record.student_key] = WriteFailure.NOT_FOUND
        else:
            chosen[record.student_key] = enrollment

    if lock:
        lock_accounts([enrollment.user_id for enrollment in chosen.values() if enrollment.user_id])
    elsewhere = find_active_elsewhere(
        chosen.values(), [course_key], organization_key=find_administering_organization_key(program)
    )
    decisions: list[CourseDecision] = []
    claimed_accounts: set[int] = set()
    for record in records:
        enrollment = chosen.get(record.student_key)
        if enrollment is None:
            decisions.append(CourseDecision(record, refused[record.student_key].value))
            continue
        if record.status == ProgramCourseEnrollmentStatus.ACTIVE:
            if enrollment.user_id in claimed_accounts or elsewhere.holds(enrollment, course_key):
                decisions.append(CourseDecision(record, WriteFailure.CONFLICT.value))
                continue
            if enrollment.user_id:
                claimed_accounts.add(enrollment.user_id)
        wish = CourseWish(
            enrollment,
            course_key,
            record.status,
            standing.get(enrollment.pk),
            rests_elsewhere=elsewhere.rests_on_account(enrollment, course_key),
        )
        decisions.append(CourseDecision(record, record.status, wish))
    return decisions


def _find_enrollments_by_key(
    program: Program,
    records: Sequence[ProgramEnrollmentRecord] | Sequence[ProgramCourseEnrollmentRecord],
    *,
    lock: bool,
) -> dict[str, list[ProgramEnrollment]]:
    enrollments = ProgramEnrollment.objects.filter(
        program_uuid=program.uuid, external_user_key__in=[record.student_key for record in records]
    ).order_by("id")
    if lock:
        enrollments = enrollments.select_for_update(no_key=True)
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


def _find_accounts(program: Program, records: Sequence[ProgramEnrollmentRecord], *, lock: bool) -> dict[str, int]:
    organization_key = find_administering_organization_key(program)
    if not records or organization_key is None:
        return {}
    user_ids = find_user_ids_by_student_keys(
        organization_key=organization_key, student_keys=[record.student_key for record in records]
    )
    if lock and user_ids:
        # An account that is deleted meanwhile would fail the whole transaction, as late as its commit.
        held = hold_accounts(user_ids.values())
        return {key: user_id for key, user_id in user_ids.items() if user_id in held}
    return user_ids
