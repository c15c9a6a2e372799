"""What each record of a bulk write would do, told without doing it (contract section 4).

Bulk writes carry the decisions out at once, under the learners' locks; previews of imports only show them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, RunPlacement
from learners.service import make_identities_statement
from program_enrollments.api.course_writing import CourseWish, find_active_elsewhere
from program_enrollments.api.locks import lock_accounts
from program_enrollments.api.lookups import find_administering_organization_key
from program_enrollments.api.records import ProgramCourseEnrollmentRecord
from program_enrollments.api.statements import Claim, Query, decide_rows, held_by
from program_enrollments.constants import (
    ACTIVE_PROGRAM_STATUSES,
    ProgramCourseEnrollmentStatus,
    WriteAction,
    WriteFailure,
)
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment


@dataclass(frozen=True, slots=True)
class CourseDecision:
    """What becomes of one record in a course run: `wish` is None when it is refused."""

    record: ProgramCourseEnrollmentRecord
    outcome: str
    wish: CourseWish | None = None


def decide_program_rows(
    *,
    program: Program,
    action: WriteAction,
    rows: Query,
    student_keys: Collection[str],
    claims: Collection[Claim] = (),
    lock: bool,
) -> Query:
    """Return the statement that decides about rows of known status (see `statements.decide_rows`).

    `student_keys` are those that occur in the rows.
    """
    accounts = None
    organization_key = find_administering_organization_key(program)
    if action is not WriteAction.UPDATE and organization_key is not None:
        accounts = Query(*make_identities_statement(organization_key=organization_key, student_keys=student_keys))
    return decide_rows(rows, program_uuid=program.uuid, action=action, accounts=accounts, claims=claims, lock=lock)


def decide_course_enrollments(
    *,
    program: Program,
    course_key: CourseKey,
    placement: RunPlacement,
    action: WriteAction,
    records: Sequence[ProgramCourseEnrollmentRecord],
    lock: bool,
    claimed: dict[CourseKey, set[int]] | None = None,
) -> list[CourseDecision]:
    """Decide about records of known status, one for each student key; answers are in their order.

    `lock` takes the locks on which the decisions rest; the caller holds the learners' locks then. `claimed` remembers
    between calls which accounts earlier decisions, not yet written, made active in which run.
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
            *_rank(enrollment),
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
        chosen.values(), [course_key], organization_key=find_administering_organization_key(program), claimed=claimed
    )
    for record in records:
        if record.student_key in chosen and record.status != ProgramCourseEnrollmentStatus.ACTIVE:
            elsewhere.leave(chosen[record.student_key], course_key)
    decisions: list[CourseDecision] = []
    for record in records:
        enrollment = chosen.get(record.student_key)
        if enrollment is None:
            decisions.append(CourseDecision(record, refused[record.student_key].value))
            continue
        is_active = record.status == ProgramCourseEnrollmentStatus.ACTIVE
        if is_active and not elsewhere.claim(enrollment, course_key):
            decisions.append(CourseDecision(record, WriteFailure.CONFLICT.value))
            continue
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
    records: Sequence[ProgramCourseEnrollmentRecord],
    *,
    lock: bool,
) -> dict[str, list[ProgramEnrollment]]:
    enrollments = ProgramEnrollment.objects.filter(
        held_by(program.uuid, student_keys=[record.student_key for record in records])
    ).order_by("id")
    if lock:
        enrollments = enrollments.select_for_update(no_key=True)
    held: dict[str, list[ProgramEnrollment]] = {}
    for enrollment in enrollments:
        held.setdefault(enrollment.external_user_key or "", []).append(enrollment)
    return held


def _rank(enrollment: ProgramEnrollment) -> tuple[Any, ...]:
    """Sort key of a learner's enrollments: active over inactive, then the latest modified."""
    return enrollment.status in ACTIVE_PROGRAM_STATUSES, enrollment.modified, enrollment.pk
