"""Putting enrollments back to what they were, where nothing has changed since."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from catalog.service import Program
from learners.service import put_back_course_enrollments
from program_enrollments.api.course_writing import (
    CourseWish,
    carry_out_course_wishes,
    find_active_elsewhere,
    lock_course_enrollments,
    set_course_staff,
)
from program_enrollments.api.locks import lock_learners
from program_enrollments.api.lookups import find_administering_organization_key
from program_enrollments.api.records import AccountInRun, ChangeSource
from program_enrollments.api.statements import delete_with_history, update_with_history
from program_enrollments.constants import ProgramCourseEnrollmentStatus
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment


@dataclass(frozen=True, slots=True)
class Restoration:
    """An enrollment that stands at `expected_status`, and the status that it shall have again; None: it shall go.

    In course runs, `course_staff` is the role that the learner shall have again; None leaves it as it is. `account` is
    what the learner's account had in the run before the enrollment was created.
    """

    student_key: str
    enrollment_id: int
    expected_status: str
    status: str | None
    course_staff: bool | None = None
    account: AccountInRun | None = None


@transaction.atomic
def restore_program_enrollments(
    *, program: Program, restorations: Sequence[Restoration], source: ChangeSource
) -> set[int]:
    """Put program enrollments back; one that has another status by now stays, or would go with course enrollments.

    Returns: the ids of those that were put back.
    """
    lock_learners(find_administering_organization_key(program), [one.student_key for one in restorations])
    by_id = {one.enrollment_id: one for one in restorations}
    standing = ProgramEnrollment.objects.select_for_update(no_key=True).filter(pk__in=by_id).order_by("id")
    fit = [row.pk for row in standing if row.status == by_id[row.pk].expected_status]
    in_use = set(
        ProgramCourseEnrollment.objects.filter(program_enrollment__in=fit).values_list(
            "program_enrollment_id", flat=True
        )
    )
    changed = [pk for pk in fit if by_id[pk].status is not None]
    update_with_history(ProgramEnrollment, [{"id": pk, "status": by_id[pk].status} for pk in changed], source=source)
    gone = [pk for pk in fit if by_id[pk].status is None and pk not in in_use]
    delete_with_history(ProgramEnrollment, gone, source=source)
    return {*changed, *gone}


@transaction.atomic
def restore_course_enrollments(
    *, program: Program, restorations: Sequence[Restoration], source: ChangeSource
) -> set[int]:
    """Put program course enrollments back; accounts' course enrollments and roles follow.

    One that has another status by now stays, and so does one that would be active while its learner is active in the
    run through another enrollment, or that would go while a role waits with it. Returns: the ids of those that were
    put back.
    """
    organization_key = find_administering_organization_key(program)
    lock_learners(organization_key, [one.student_key for one in restorations])
    by_id = {one.enrollment_id: one for one in restorations}
    standing = [row for row in lock_course_enrollments(by_id) if row.status == by_id[row.pk].expected_status]
    elsewhere = find_active_elsewhere(
        [row.program_enrollment for row in standing],
        {row.course_key for row in standing},
        organization_key=organization_key,
    )
    waiting = CourseAccessRoleAssignment.objects.filter(enrollment__in=[row.pk for row in standing])
    with_role = set(waiting.values_list("enrollment_id", flat=True))
    fit = [
        row
        for row in standing
        if by_id[row.pk].status is not None or row.pk not in with_role or by_id[row.pk].course_staff is False
    ]
    for row in fit:
        if by_id[row.pk].status != ProgramCourseEnrollmentStatus.ACTIVE:
            elsewhere.leave(row.program_enrollment, row.course_key)
    wishes = {}
    for row in fit:
        status = by_id[row.pk].status or ProgramCourseEnrollmentStatus.INACTIVE.value
        is_active = status == ProgramCourseEnrollmentStatus.ACTIVE
        if is_active and not elsewhere.claim(row.program_enrollment, row.course_key):
            continue
        rests = elsewhere.rests_on_account(row.program_enrollment, row.course_key)
        wishes[row.pk] = CourseWish(row.program_enrollment, row.course_key, status, row, rests)
    row_ids = carry_out_course_wishes(list(wishes.values()), source=source)
    roles = {pk: by_id[pk].course_staff for pk in wishes}
    set_course_staff({wishes[pk]: role for pk, role in roles.items() if role is not None}, row_ids)
    gone = [pk for pk in wishes if by_id[pk].status is None]
    delete_with_history(ProgramCourseEnrollment, gone, source=source)
    put_back_course_enrollments(
        {
            (wish.enrollment.user_id, wish.course_key): (account.mode, account.is_active)
            for wish, account in ((wishes[pk], by_id[pk].account) for pk in gone)
            if wish.enrollment.user_id and not wish.rests_elsewhere and account and account.mode
        }
    )
    return set(wishes)
