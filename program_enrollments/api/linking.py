"""Linking enrollments to accounts, and unlinking them (contract section 7)."""

import logging
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction

from learners.service import (
    User,
    find_users_by_username,
    grant_course_roles,
    list_role_holders,
    revoke_course_roles,
    withdraw_from_course_runs,
)
from program_enrollments.api.course_writing import CourseWish, carry_out_course_wishes, find_active_elsewhere
from program_enrollments.api.locks import lock_accounts, lock_learner, lock_learners
from program_enrollments.api.lookups import (
    find_administering_organization_key,
    get_program,
    list_administered_program_uuids,
)
from program_enrollments.api.records import SYSTEM, ChangeSource
from program_enrollments.api.statements import update_with_history
from program_enrollments.constants import STAFF_ROLE, ProgramCourseEnrollmentStatus
from program_enrollments.exceptions import LearnerNotLinked
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from program_enrollments.outages import ROW_REFUSALS, is_outage

logger = logging.getLogger(__name__)


def link_waiting_enrollments(
    *, user: User, organization_key: str, student_key: str, source: ChangeSource = SYSTEM
) -> int:
    """Link what waits for a student key in the organization's programs to the account that has just shown it.

    Each enrollment is linked wholly or not at all; one that cannot be is logged.
    Returns: how many were linked.
    """
    linked = 0
    with transaction.atomic():
        lock_learners(organization_key, [student_key])
        waiting = ProgramEnrollment.objects.filter(
            user=None,
            external_user_key=student_key,
            program_uuid__in=list_administered_program_uuids(organization_key),
        )
        enrollments = list(waiting.order_by("id").select_for_update(no_key=True))
        _lock_accounts(user, enrollments)
        for enrollment in enrollments:
            try:
                with transaction.atomic():
                    _link(enrollment, user, organization_key, source)
                linked += 1
            except LearnerNotLinked as reason:
                logger.warning("Program enrollment %s was not linked: %s.", enrollment.pk, type(reason).__name__)
            except ROW_REFUSALS as fault:
                if is_outage(fault):
                    raise
                # A fault's own text may quote the row, and with it the learner.
                logger.error("Program enrollment %s was not linked: %s.", enrollment.pk, type(fault).__name__)  # noqa: TRY400 -- see above
    return linked


def link_program_enrollments(
    program_uuid: UUID, usernames_by_student_key: Mapping[str, str], *, source: ChangeSource = SYSTEM
) -> dict[str, str]:
    """Link learners' enrollments in a program to named accounts; a different account is unlinked first.

    Each learner is committed on its own. Returns: {student key: a sentence that says why it was not linked}, empty
    when all were. Raises: ProgramDoesNotExist.
    """
    program = get_program(program_uuid)
    users = find_users_by_username(usernames_by_student_key.values())
    errors: dict[str, str] = {}
    for student_key, username in usernames_by_student_key.items():
        user = users.get(username)
        if user is None:
            errors[student_key] = f"There is no account with the username {username}."
            continue
        try:
            _link_learner(program_uuid, student_key, user, find_administering_organization_key(program), source)
        except LearnerNotLinked as error:
            errors[student_key] = str(error)
        except ROW_REFUSALS as fault:
            if is_outage(fault):
                raise
            errors[student_key] = f"The database refused it ({type(fault).__name__})."
    return errors


@transaction.atomic
def _link_learner(
    program_uuid: UUID, student_key: str, user: User, organization_key: str | None, source: ChangeSource
) -> None:
    lock_learners(organization_key, [student_key])
    held = ProgramEnrollment.objects.filter(program_uuid=program_uuid, external_user_key=student_key)
    enrollments = list(held.order_by("id").select_for_update(no_key=True))
    if not enrollments:
        raise LearnerNotLinked("There is no enrollment with this student key in the program.")
    _lock_accounts(user, enrollments)
    for enrollment in enrollments:
        _link(enrollment, user, organization_key, source)


@transaction.atomic
def link_program_enrollment_to_user(
    program_enrollment: ProgramEnrollment, user: User, *, source: ChangeSource = SYSTEM
) -> None:
    """Link one enrollment to an account: course runs are entered, waiting roles granted.

    A different account is unlinked first. `program_enrollment` is brought up to date.
    Raises: ProgramDoesNotExist. LearnerNotLinked: the account holds another enrollment in the curriculum, or this one
    has been deleted; nothing was written.
    """
    organization_key = _lock_learner(program_enrollment)
    _link(program_enrollment, user, organization_key, source)
    program_enrollment.refresh_from_db()


@transaction.atomic
def unlink_program_enrollment(program_enrollment: ProgramEnrollment, *, source: ChangeSource = SYSTEM) -> None:
    """Take an enrollment from its account; it waits again. `program_enrollment` is brought up to date.

    The account's course enrollments are deactivated and set to `audit`, unless another program's active one rests
    on them; its staff roles wait for the next account.
    Raises: ProgramDoesNotExist. LearnerNotLinked: without a student key it cannot wait, or it has been deleted;
    nothing was written.
    """
    organization_key = _lock_learner(program_enrollment)
    if program_enrollment.external_user_key is None:
        raise LearnerNotLinked("The enrollment has no student key, so it cannot wait for an account.")
    _unlink(program_enrollment, organization_key, source)
    program_enrollment.refresh_from_db()


def _lock_learner(enrollment: ProgramEnrollment) -> str | None:
    """Take the lock of the enrollment's learner; return the organization that the student key belongs to."""
    organization_key = find_administering_organization_key(get_program(enrollment.program_uuid))
    lock_learner(organization_key, enrollment.external_user_key)
    return organization_key


def _lock_row(enrollment: ProgramEnrollment) -> ProgramEnrollment:
    # What has waited too long is deleted without the locks of its learners.
    locked = ProgramEnrollment.objects.select_for_update(no_key=True).filter(pk=enrollment.pk).first()
    if locked is None:
        raise LearnerNotLinked("The enrollment has been deleted meanwhile.")
    return locked


def _lock_accounts(user: User, enrollments: Collection[ProgramEnrollment]) -> None:
    """Take the locks of the account to link and of those to unlink at once: one by one, two links could deadlock."""
    lock_accounts({user.pk, *(enrollment.user_id for enrollment in enrollments if enrollment.user_id)})


def _link(enrollment: ProgramEnrollment, user: User, organization_key: str | None, source: ChangeSource) -> None:
    enrollment = _lock_row(enrollment)
    if enrollment.user_id == user.pk:
        return
    _lock_accounts(user, [enrollment])
    if enrollment.user_id is not None:
        _leave_course_runs(enrollment, enrollment.user_id, organization_key, source)
    held = ProgramEnrollment.objects.filter(
        user=user, program_uuid=enrollment.program_uuid, curriculum_uuid=enrollment.curriculum_uuid
    )
    if held.exists():
        raise LearnerNotLinked(f"The account {user.get_username()} holds another enrollment in the same curriculum.")
    enrollment.user_id = user.pk
    update_with_history(ProgramEnrollment, [{"id": enrollment.pk, "user_id": user.pk}], source=source)

    rows = list(enrollment.program_course_enrollments.order_by("id"))
    elsewhere = find_active_elsewhere([enrollment], [row.course_key for row in rows], organization_key=organization_key)
    wishes = []
    for row in rows:
        status = row.status
        if status == ProgramCourseEnrollmentStatus.ACTIVE and not elsewhere.claim(enrollment, row.course_key):
            # The account is in the run through another program already: this place gives way, and says so.
            status = ProgramCourseEnrollmentStatus.INACTIVE
            logger.warning("Program course enrollment %s became inactive: its learner is in the run already.", row.pk)
        wishes.append(
            CourseWish(
                enrollment,
                row.course_key,
                status,
                row,
                rests_elsewhere=elsewhere.rests_on_account(enrollment, row.course_key),
            )
        )
    carry_out_course_wishes(wishes, source=source)

    waiting_roles = CourseAccessRoleAssignment.objects.filter(enrollment__in=rows)
    granted = {role.enrollment_id for role in waiting_roles}
    grant_course_roles([(user.pk, row.course_key) for row in rows if row.pk in granted])
    waiting_roles.delete()


def _unlink(enrollment: ProgramEnrollment, organization_key: str | None, source: ChangeSource) -> None:
    enrollment = _lock_row(enrollment)
    if enrollment.user_id is None:
        return
    lock_accounts([enrollment.user_id])
    _leave_course_runs(enrollment, enrollment.user_id, organization_key, source)
    update_with_history(ProgramEnrollment, [{"id": enrollment.pk, "user_id": None}], source=source)


def _leave_course_runs(
    enrollment: ProgramEnrollment, user_id: int, organization_key: str | None, source: ChangeSource
) -> None:
    """Take the enrollment's account out of its course runs, and let the staff roles wait; its locks are held."""
    rows = list(enrollment.program_course_enrollments.order_by("id"))
    elsewhere = find_active_elsewhere([enrollment], [row.course_key for row in rows], organization_key=organization_key)
    left = [row for row in rows if not elsewhere.rests_on_account(enrollment, row.course_key)]
    withdraw_from_course_runs([row.course_enrollment_id for row in left if row.course_enrollment_id])

    roles = list_role_holders([(user_id, row.course_key) for row in left])
    revoke_course_roles(roles)
    CourseAccessRoleAssignment.objects.bulk_create(
        [
            CourseAccessRoleAssignment(enrollment=row, role=STAFF_ROLE)
            for row in left
            if (user_id, row.course_key) in roles
        ],
        ignore_conflicts=True,
    )
    update_with_history(
        ProgramCourseEnrollment, [{"id": row.pk, "course_enrollment_id": None} for row in rows], source=source
    )
