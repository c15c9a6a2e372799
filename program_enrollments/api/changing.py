"""Setting the status of enrollments that are there, one or many (contract section 8)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, get_catalog
from program_enrollments.api.course_writing import (
    CourseWish,
    carry_out_course_wishes,
    find_active_elsewhere,
    lock_course_enrollments,
)
from program_enrollments.api.locks import (
    join_writers,
    lock_learners,
    lock_learners_of_organizations,
)
from program_enrollments.api.lookups import find_administering_organization_key
from program_enrollments.api.records import SYSTEM, ChangeSource
from program_enrollments.api.statements import update_with_history
from program_enrollments.constants import (
    ACTIVE_PROGRAM_STATUSES,
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
)
from program_enrollments.exceptions import EnrollmentConflict
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment

DELETED = "Somebody has deleted the enrollment meanwhile."
ACTIVE_ELSEWHERE = "The learner is active in the course run through another enrollment."


@dataclass(frozen=True, slots=True)
class StatusChanges:
    """What became of enrollments whose status was to be set, by their ids.

    `refused` gives the reasons, for people. All that are in neither had the status before.
    """

    changed: Collection[int]
    refused: Mapping[int, str]


def change_program_enrollment_status(
    program_enrollment: ProgramEnrollment, status: str, *, source: ChangeSource = SYSTEM
) -> str:
    """Set the status of an enrollment, which is brought up to date; return it.

    Raises: ValueError: the status is unknown. EnrollmentConflict: somebody has deleted the enrollment.
    """
    changes = change_program_enrollment_statuses([program_enrollment.pk], status, source=source)
    return _bring_up_to_date(program_enrollment, changes)


@transaction.atomic
def change_program_enrollment_statuses(
    enrollment_ids: Collection[int], status: str, *, source: ChangeSource = SYSTEM
) -> StatusChanges:
    """Set the status of enrollments, of whatever programs, in one transaction. Raises: ValueError: it is unknown."""
    status = ProgramEnrollmentStatus(status).value
    join_writers()
    rows = ProgramEnrollment.objects.filter(pk__in=enrollment_ids).order_by("id").select_for_update(no_key=True)
    held = list(rows.values_list("pk", flat=True))
    changed = update_with_history(ProgramEnrollment, [{"id": pk, "status": status} for pk in held], source=source)
    return StatusChanges(changed, dict.fromkeys(set(enrollment_ids).difference(held), DELETED))


@transaction.atomic
def drop_program_enrollments(enrollment_ids: Collection[int], status: str, *, source: ChangeSource) -> dict[int, str]:
    """Set the status of those enrollments that are active by now; all others stay as they are.

    Returns {id: the status before} of all that are there.
    """
    join_writers()
    rows = ProgramEnrollment.objects.filter(pk__in=enrollment_ids).order_by("id").select_for_update(no_key=True)
    standing = dict(rows.values_list("pk", "status"))
    active = [pk for pk, before in standing.items() if before in ACTIVE_PROGRAM_STATUSES]
    update_with_history(ProgramEnrollment, [{"id": pk, "status": status} for pk in active], source=source)
    return standing


def change_program_course_enrollment_status(
    program_course_enrollment: ProgramCourseEnrollment, status: str, *, source: ChangeSource = SYSTEM
) -> str:
    """Set the status of a program course enrollment, which is brought up to date; return it.

    Raises: ValueError: the status is unknown. EnrollmentConflict: the learner is active in the course run through
    another enrollment, or somebody has deleted this one.
    """
    changes = change_program_course_enrollment_statuses([program_course_enrollment.pk], status, source=source)
    return _bring_up_to_date(program_course_enrollment, changes)


@transaction.atomic
def change_program_course_enrollment_statuses(
    course_enrollment_ids: Collection[int], status: str, *, source: ChangeSource = SYSTEM
) -> StatusChanges:
    """Set the status of program course enrollments, of whatever programs and course runs, in one transaction.

    Accounts enter and leave the runs (contract section 4.2). A learner whom a rule refuses does not keep back the
    others. The number of queries grows with that of organizations, and of programs that have none.
    Raises: ValueError: the status is unknown.
    """
    status = ProgramCourseEnrollmentStatus(status).value
    organizations = _lock_learners_of(course_enrollment_ids)
    rows = lock_course_enrollments(course_enrollment_ids)
    deleted = set(course_enrollment_ids).difference(row.pk for row in rows)
    changes = _set_statuses(rows, organizations, status, source)
    return StatusChanges(changes.changed, {**dict.fromkeys(deleted, DELETED), **changes.refused})


@transaction.atomic
def drop_program_course_enrollments(
    student_keys_by_id: Mapping[int, str],
    status: str,
    *,
    program: Program,
    source: ChangeSource,
    others_are_locked_out: bool,
) -> dict[int, str]:
    """Set the status of those of the program's course enrollments that are active by now; all others stay as they are.

    `others_are_locked_out`: the caller's transaction has called `lock_out_other_writers`. Returns {id: the status
    before} of all that are there.
    """
    organization_key = find_administering_organization_key(program)
    if not others_are_locked_out:
        lock_learners(organization_key, student_keys_by_id.values())
    rows = lock_course_enrollments(student_keys_by_id)
    active = [row for row in rows if row.status == ProgramCourseEnrollmentStatus.ACTIVE]
    _set_statuses(active, {program.uuid: organization_key}, status, source)
    return {row.pk: row.status for row in rows}


def _set_statuses(
    rows: Collection[ProgramCourseEnrollment],
    organizations: Mapping[UUID, str | None],
    status: str,
    source: ChangeSource,
) -> StatusChanges:
    """Set the status of rows whose locks are held, where no rule refuses it."""
    refused: dict[int, str] = {}
    by_school: dict[tuple[str | None, UUID | None], list[ProgramCourseEnrollment]] = {}
    for row in rows:
        if row.program_uuid not in organizations:
            refused[row.pk] = f"There is no program {row.program_uuid}."
        elif row.status != status:
            organization_key = organizations[row.program_uuid]
            # A student key of a program without an organization is known there only.
            by_school.setdefault((organization_key, None if organization_key else row.program_uuid), []).append(row)
    wishes: list[CourseWish] = []
    claimed: dict[CourseKey, set[int]] = {}
    for (organization_key, _), some in by_school.items():
        elsewhere = find_active_elsewhere(
            [row.program_enrollment for row in some],
            {row.course_key for row in some},
            organization_key=organization_key,
            claimed=claimed,
        )
        for row in some:
            enrollment = row.program_enrollment
            if status == ProgramCourseEnrollmentStatus.ACTIVE and not elsewhere.claim(enrollment, row.course_key):
                refused[row.pk] = ACTIVE_ELSEWHERE
                continue
            rests_elsewhere = elsewhere.rests_on_account(enrollment, row.course_key)
            wishes.append(CourseWish(enrollment, row.course_key, status, row, rests_elsewhere))
    return StatusChanges(set(carry_out_course_wishes(wishes, source=source).values()), refused)


def _bring_up_to_date(row: ProgramEnrollment | ProgramCourseEnrollment, changes: StatusChanges) -> str:
    """Return the status that now stands. Raises: EnrollmentConflict: the row was refused, or is gone."""
    if row.pk in changes.refused:
        raise EnrollmentConflict(changes.refused[row.pk])
    try:
        row.refresh_from_db()
    except ObjectDoesNotExist as error:
        raise EnrollmentConflict(DELETED) from error
    return row.status


def _lock_learners_of(course_enrollment_ids: Collection[int]) -> dict[UUID, str | None]:
    """Take the learners' locks; return {program's uuid: key of the organization that administers it}."""
    rows = ProgramCourseEnrollment.objects.filter(pk__in=course_enrollment_ids).order_by()
    learners = list(rows.values_list("program_uuid", "program_enrollment__external_user_key"))
    programs = get_catalog().list_programs({program_uuid for program_uuid, _ in learners})
    organizations = {program.uuid: find_administering_organization_key(program) for program in programs}
    lock_learners_of_organizations(
        {(organizations.get(program_uuid), student_key) for program_uuid, student_key in learners if student_key}
    )
    return organizations
