"""The rules of one learner's place in a course run through programs (contract section 4.2).

Bulk writes, linking and single changes all come here; they hold the learners' and accounts' locks.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opaque_keys.edx.keys import CourseKey

from learners.service import enroll_in_course_runs, grant_course_roles, revoke_course_roles
from program_enrollments.api.locks import lock_accounts
from program_enrollments.api.lookups import list_administered_program_uuids
from program_enrollments.api.records import ChangeSource
from program_enrollments.api.statements import insert_with_history, update_with_history
from program_enrollments.constants import STAFF_ROLE, ProgramCourseEnrollmentStatus
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment


@dataclass(frozen=True, slots=True)
class CourseWish:
    """A status that shall stand for an enrollment in a course run.

    `row` is what stands now, if anything. `rests_elsewhere`: another active row of the same learner keeps the
    account's course enrollment active.
    """

    enrollment: ProgramEnrollment
    course_key: CourseKey
    status: str
    row: ProgramCourseEnrollment | None
    rests_elsewhere: bool


class ActiveElsewhere:
    """Active program course enrollments by who the learner is: an account, or a student key at an organization."""

    def __init__(
        self, rows: Iterable[tuple[int | None, str | None, CourseKey, int]], claimed: dict[CourseKey, set[int]]
    ) -> None:
        self._claimed_accounts = claimed
        self._claimed_student_keys: dict[CourseKey, set[str]] = {}
        self._leaving: set[tuple[int, CourseKey]] = set()
        self._by_account: dict[tuple[int, CourseKey], set[int]] = {}
        self._by_student_key: dict[tuple[str, CourseKey], set[int]] = {}
        for user_id, student_key, course_key, enrollment_id in rows:
            if user_id is not None:
                self._by_account.setdefault((user_id, course_key), set()).add(enrollment_id)
            if student_key is not None:
                self._by_student_key.setdefault((student_key, course_key), set()).add(enrollment_id)

    def claim(self, enrollment: ProgramEnrollment, course_key: CourseKey) -> bool:
        """Make the enrollment the one through which its learner will be active in the run; False: another one is."""
        accounts = self._claimed_accounts.setdefault(course_key, set())
        student_keys = self._claimed_student_keys.setdefault(course_key, set())
        is_claimed = enrollment.user_id in accounts or enrollment.external_user_key in student_keys
        if is_claimed or self._holds(enrollment, course_key):
            return False
        if enrollment.user_id is not None:
            accounts.add(enrollment.user_id)
        if enrollment.external_user_key is not None:
            student_keys.add(enrollment.external_user_key)
        return True

    def _holds(self, enrollment: ProgramEnrollment, course_key: CourseKey) -> bool:
        """Tell whether the enrollment's learner is active in the course run through another enrollment."""
        by_student_key = self._by_student_key.get((enrollment.external_user_key or "", course_key), set())
        return bool(by_student_key - {enrollment.pk}) or bool(self._others_of_account(enrollment, course_key))

    def leave(self, enrollment: ProgramEnrollment, course_key: CourseKey) -> None:
        """Note that the enrollment will not be active in the run any more.

        It stays in the way of claims: the rows of a write are written in any order, and the database judges each.
        """
        self._leaving.add((enrollment.pk, course_key))

    def rests_on_account(self, enrollment: ProgramEnrollment, course_key: CourseKey) -> bool:
        """Tell whether another enrollment that stays active rests on the same account's course enrollment."""
        others = self._others_of_account(enrollment, course_key)
        return any((pk, course_key) not in self._leaving for pk in others)

    def _others_of_account(self, enrollment: ProgramEnrollment, course_key: CourseKey) -> set[int]:
        return self._by_account.get((enrollment.user_id or 0, course_key), set()) - {enrollment.pk}


def find_active_elsewhere(
    enrollments: Collection[ProgramEnrollment],
    course_keys: Collection[CourseKey],
    *,
    organization_key: str | None,
    claimed: dict[CourseKey, set[int]] | None = None,
) -> ActiveElsewhere:
    """Return where the enrollments' learners are active in the course runs, over all programs.

    "The same learner" is the same account anywhere, or the same student key in programs of the same administering
    organization (contract section 4.2). `claimed` carries from call to call which accounts were made active in which
    run by claims that are not written yet.
    """
    program_uuids = {enrollment.program_uuid for enrollment in enrollments}
    if organization_key:
        program_uuids.update(list_administered_program_uuids(organization_key))
    active = ProgramCourseEnrollment.objects.filter(
        course_key__in=course_keys, status=ProgramCourseEnrollmentStatus.ACTIVE
    ).order_by()
    by_account = active.filter(program_enrollment__user__in=[e.user_id for e in enrollments if e.user_id])
    by_student_key = active.filter(
        program_enrollment__external_user_key__in=[e.external_user_key for e in enrollments if e.external_user_key],
        program_enrollment__program_uuid__in=program_uuids,
    )
    account, student_key = "program_enrollment__user_id", "program_enrollment__external_user_key"
    columns = (account, student_key, "course_key", "program_enrollment_id")
    return ActiveElsewhere(
        [(user_id, None, key, pk) for user_id, _, key, pk in by_account.values_list(*columns)]
        + [(None, student, key, pk) for _, student, key, pk in by_student_key.values_list(*columns)],
        {} if claimed is None else claimed,
    )


def lock_course_enrollments(course_enrollment_ids: Collection[int]) -> list[ProgramCourseEnrollment]:
    """Lock the program enrollments and accounts on which program course enrollments rest; the caller has the learners'.

    Returns those that are there, by id, each with its `program_enrollment`.
    """
    enrollments = ProgramEnrollment.objects.filter(program_course_enrollments__in=course_enrollment_ids)
    locked = {row.pk: row for row in enrollments.order_by("id").select_for_update(no_key=True, of=["self"])}
    lock_accounts({enrollment.user_id for enrollment in locked.values() if enrollment.user_id})
    rows = list(ProgramCourseEnrollment.objects.filter(pk__in=course_enrollment_ids).order_by("id"))
    for row in rows:
        row.program_enrollment = locked[row.program_enrollment_id]
    return rows


def carry_out_course_wishes(wishes: Sequence[CourseWish], *, source: ChangeSource) -> dict[CourseWish, int]:
    """Write the wishes' rows, and enter linked learners' accounts in the runs.

    Returns: {wish: id of its row}. A wish for a row that another writer made meanwhile is missing from the answer.
    """
    is_active_by_place: dict[tuple[int, CourseKey], bool] = {}
    for wish in wishes:
        if wish.enrollment.user_id:
            place = _place(wish)
            is_active = wish.status == ProgramCourseEnrollmentStatus.ACTIVE or wish.rests_elsewhere
            is_active_by_place[place] = is_active_by_place.get(place, False) or is_active
    course_enrollment_ids = enroll_in_course_runs(is_active_by_place) if is_active_by_place else {}

    def values(wish: CourseWish) -> dict[str, Any]:
        return {
            "course_enrollment_id": course_enrollment_ids.get(_place(wish)),
            "status": wish.status,
        }

    row_ids = {wish: wish.row.pk for wish in wishes if wish.row}
    update_with_history(
        ProgramCourseEnrollment, [{"id": pk, **values(wish)} for wish, pk in row_ids.items()], source=source
    )
    new = {(wish.enrollment.pk, str(wish.course_key)): wish for wish in wishes if not wish.row}
    inserted = insert_with_history(
        ProgramCourseEnrollment,
        [
            {
                "program_enrollment_id": pk,
                "program_uuid": wish.enrollment.program_uuid,
                "course_key": key,
                **values(wish),
            }
            for (pk, key), wish in new.items()
        ],
        source=source,
        returning=["program_enrollment_id", "course_key"],
    )
    return row_ids | {new[row["program_enrollment_id"], row["course_key"]]: row["id"] for row in inserted}


def set_course_staff(is_staff_by_wish: Mapping[CourseWish, bool], row_ids: Mapping[CourseWish, int]) -> None:
    """Grant or revoke the staff role on the run; for a learner without account, store or remove the waiting one."""
    linked = {wish: is_staff for wish, is_staff in is_staff_by_wish.items() if wish.enrollment.user_id}
    grant_course_roles([_place(wish) for wish, is_staff in linked.items() if is_staff])
    revoke_course_roles([_place(wish) for wish, is_staff in linked.items() if not is_staff])
    waiting = {row_ids[wish]: is_staff for wish, is_staff in is_staff_by_wish.items() if wish not in linked}
    CourseAccessRoleAssignment.objects.bulk_create(
        [CourseAccessRoleAssignment(enrollment_id=pk, role=STAFF_ROLE) for pk, is_staff in waiting.items() if is_staff],
        ignore_conflicts=True,
    )
    removed = [pk for pk, is_staff in waiting.items() if not is_staff]
    if removed:
        CourseAccessRoleAssignment.objects.filter(enrollment__in=removed, role=STAFF_ROLE).delete()


def _place(wish: CourseWish) -> tuple[int, CourseKey]:
    return wish.enrollment.user_id or 0, wish.course_key
