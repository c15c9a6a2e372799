"""Creating one enrollment at a time (contract section 8)."""

from uuid import UUID

from django.db import transaction
from opaque_keys.edx.keys import CourseKey

from learners.service import User, enroll_in_course_runs
from program_enrollments.api.changing import ACTIVE_ELSEWHERE, DELETED
from program_enrollments.api.course_writing import CourseWish, carry_out_course_wishes, find_active_elsewhere
from program_enrollments.api.locks import lock_accounts, lock_learner
from program_enrollments.api.lookups import find_administering_organization_key, get_program
from program_enrollments.api.records import SYSTEM, ChangeSource
from program_enrollments.api.statements import insert_with_history
from program_enrollments.constants import ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus
from program_enrollments.exceptions import EnrollmentConflict
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment


def create_program_enrollment(
    *,
    program_uuid: UUID,
    curriculum_uuid: UUID,
    status: str,
    user: User | None = None,
    external_user_key: str | None = None,
    source: ChangeSource = SYSTEM,
) -> ProgramEnrollment:
    """Create an enrollment of an account, of a student key, or of both; without account it waits.

    Raises: ProgramDoesNotExist. EnrollmentConflict: the account or the key holds one in the curriculum.
    ValueError: the status is unknown, or neither account nor key is given.
    """
    status = ProgramEnrollmentStatus(status).value
    if user is None and external_user_key is None:
        raise ValueError("An enrollment needs an account or a student key.")
    organization_key = find_administering_organization_key(get_program(program_uuid))
    row = {
        "user_id": user.pk if user else None,
        "external_user_key": external_user_key,
        "program_uuid": program_uuid,
        "curriculum_uuid": curriculum_uuid,
        "status": status,
    }
    with transaction.atomic():
        lock_learner(organization_key, external_user_key)
        inserted = insert_with_history(ProgramEnrollment, [row], source=source)
    if not inserted:
        raise EnrollmentConflict("The learner holds an enrollment in this curriculum already.")
    return ProgramEnrollment.objects.get(pk=inserted[0]["id"])


@transaction.atomic
def create_program_course_enrollment(
    *,
    program_enrollment: ProgramEnrollment,
    course_key: CourseKey,
    status: str,
    source: ChangeSource = SYSTEM,
) -> ProgramCourseEnrollment:
    """Create an enrollment in a course run; a linked learner's account enters the run.

    The run's place in the program is the caller's to check. Raises: ValueError: the status is unknown.
    ProgramDoesNotExist. EnrollmentConflict: there is one already, the learner is active in the run through another
    enrollment, or somebody has deleted the program enrollment.
    """
    status = ProgramCourseEnrollmentStatus(status).value
    organization_key = find_administering_organization_key(get_program(program_enrollment.program_uuid))
    lock_learner(organization_key, program_enrollment.external_user_key)
    enrollment = ProgramEnrollment.objects.select_for_update(no_key=True).filter(pk=program_enrollment.pk).first()
    if enrollment is None:
        raise EnrollmentConflict(DELETED)
    if enrollment.user_id:
        lock_accounts([enrollment.user_id])
    elsewhere = find_active_elsewhere([enrollment], [course_key], organization_key=organization_key)
    if status == ProgramCourseEnrollmentStatus.ACTIVE and not elsewhere.claim(enrollment, course_key):
        raise EnrollmentConflict(ACTIVE_ELSEWHERE)
    wish = CourseWish(enrollment, course_key, status, None, elsewhere.rests_on_account(enrollment, course_key))
    row_ids = carry_out_course_wishes([wish], source=source)
    if not row_ids:
        raise EnrollmentConflict("The learner has an enrollment in the course run already.")
    return ProgramCourseEnrollment.objects.get(pk=row_ids[wish])


@transaction.atomic
def enroll_in_masters_track(user: User, course_key: CourseKey, status: str) -> int:
    """Enter an account in a course run in mode `masters`, active or not as the status says (contract section 4.2).

    Returns: the id of the course enrollment. Raises: ValueError: the status is unknown.
    """
    lock_accounts([user.pk])
    is_active = ProgramCourseEnrollmentStatus(status) is ProgramCourseEnrollmentStatus.ACTIVE
    return enroll_in_course_runs({(user.pk, course_key): is_active})[user.pk, course_key]
