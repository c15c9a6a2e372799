"""Reading enrollments (contract sections 5 and 8). Querysets are lazy, and ordered by id, programs apart."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from opaque_keys.edx.keys import CourseKey

from learners.service import User, find_user_ids_by_student_keys, list_course_enrollments, list_role_holders
from program_enrollments.api.lookups import find_administering_organization_key, get_program
from program_enrollments.api.records import AccountInRun
from program_enrollments.constants import STAFF_ROLE, ProgramCourseEnrollmentStatus
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment


def get_program_enrollment(
    *,
    program_uuid: UUID,
    user: User | None = None,
    external_user_key: str | None = None,
    curriculum_uuid: UUID | None = None,
) -> ProgramEnrollment:
    """Return the one enrollment in the program that fits all that is given; a user or a student key must be.

    Raises: ProgramEnrollment.DoesNotExist; ProgramEnrollment.MultipleObjectsReturned: name the curriculum;
    ValueError: neither user nor student key.
    """
    _require_a_learner(user, external_user_key)
    return fetch_program_enrollments(
        program_uuid=program_uuid,
        users=None if user is None else [user],
        external_user_keys=None if external_user_key is None else [external_user_key],
        curriculum_uuids=None if curriculum_uuid is None else [curriculum_uuid],
    ).get()


def get_program_course_enrollment(
    *,
    program_uuid: UUID,
    course_key: CourseKey,
    user: User | None = None,
    external_user_key: str | None = None,
    curriculum_uuid: UUID | None = None,
) -> ProgramCourseEnrollment:
    """Return the one enrollment in the course run through the program that fits all that is given.

    Raises: ProgramCourseEnrollment.DoesNotExist; ProgramCourseEnrollment.MultipleObjectsReturned: name the
    curriculum; ValueError: neither user nor student key.
    """
    _require_a_learner(user, external_user_key)
    return fetch_program_course_enrollments(
        program_uuid=program_uuid,
        course_key=course_key,
        users=None if user is None else [user],
        external_user_keys=None if external_user_key is None else [external_user_key],
        curriculum_uuids=None if curriculum_uuid is None else [curriculum_uuid],
    ).get()


def fetch_program_enrollments(
    *,
    program_uuid: UUID,
    curriculum_uuids: Collection[UUID] | None = None,
    users: Collection[User] | None = None,
    external_user_keys: Collection[str] | None = None,
    program_enrollment_statuses: Collection[str] | None = None,
    modified_since: datetime | None = None,
    is_linked: bool | None = None,
) -> QuerySet[ProgramEnrollment]:
    """Return a program's enrollments with their accounts. None means any; of a collection, any one member must fit.

    `modified_since` is an aware time, inclusive. `is_linked` False: those that wait for an account.
    """
    wanted = _learner_filter(
        users=users,
        external_user_keys=external_user_keys,
        curriculum_uuids=curriculum_uuids,
        program_enrollment_statuses=program_enrollment_statuses,
        is_linked=is_linked,
    )
    if modified_since is not None:
        wanted &= Q(modified__gte=modified_since)
    enrollments = ProgramEnrollment.objects.filter(wanted, program_uuid=program_uuid)
    return enrollments.select_related("user").order_by("id")


def fetch_program_course_enrollments(
    *,
    program_uuid: UUID,
    course_key: CourseKey,
    curriculum_uuids: Collection[UUID] | None = None,
    users: Collection[User] | None = None,
    external_user_keys: Collection[str] | None = None,
    program_enrollment_statuses: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    modified_since: datetime | None = None,
    is_linked: bool | None = None,
) -> QuerySet[ProgramCourseEnrollment]:
    """Return a program's enrollments in one course run, with program enrollment and account.

    Arguments are those of `fetch_program_enrollments`; `statuses` and `modified_since` are of the course's own row.
    """
    wanted = _learner_filter(
        "program_enrollment__",
        users=users,
        external_user_keys=external_user_keys,
        curriculum_uuids=curriculum_uuids,
        program_enrollment_statuses=program_enrollment_statuses,
        is_linked=is_linked,
    )
    if statuses is not None:
        wanted &= Q(status__in=statuses)
    if modified_since is not None:
        wanted &= Q(modified__gte=modified_since)
    enrollments = ProgramCourseEnrollment.objects.filter(wanted, program_uuid=program_uuid, course_key=course_key)
    return enrollments.select_related("program_enrollment__user").order_by("id")


def fetch_program_enrollments_by_student(
    *,
    user: User | None = None,
    external_user_key: str | None = None,
    program_uuids: Collection[UUID] | None = None,
    curriculum_uuids: Collection[UUID] | None = None,
    program_enrollment_statuses: Collection[str] | None = None,
    is_linked: bool | None = None,
) -> QuerySet[ProgramEnrollment]:
    """Return one learner's enrollments, over all programs or those given.

    Given both user and student key, an enrollment must have both. Raises: ValueError: neither was given.
    """
    _require_a_learner(user, external_user_key)
    wanted = _learner_filter(
        users=None if user is None else [user],
        external_user_keys=None if external_user_key is None else [external_user_key],
        curriculum_uuids=curriculum_uuids,
        program_enrollment_statuses=program_enrollment_statuses,
        is_linked=is_linked,
    )
    if program_uuids is not None:
        wanted &= Q(program_uuid__in=program_uuids)
    return ProgramEnrollment.objects.filter(wanted).select_related("user").order_by("id")


def fetch_program_course_enrollments_by_students(
    *,
    users: Collection[User] | None = None,
    external_user_keys: Collection[str] | None = None,
    program_uuids: Collection[UUID] | None = None,
    curriculum_uuids: Collection[UUID] | None = None,
    course_keys: Collection[CourseKey] | None = None,
    program_enrollment_statuses: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    is_linked: bool | None = None,
) -> QuerySet[ProgramCourseEnrollment]:
    """Return the course enrollments of some learners through programs, over all programs and runs or those given.

    Given both users and student keys, an enrollment must have one of each. Raises: ValueError: neither was given.
    """
    _require_a_learner(users, external_user_keys)
    wanted = _learner_filter(
        "program_enrollment__",
        users=users,
        external_user_keys=external_user_keys,
        curriculum_uuids=curriculum_uuids,
        program_enrollment_statuses=program_enrollment_statuses,
        is_linked=is_linked,
    )
    if program_uuids is not None:
        wanted &= Q(program_enrollment__program_uuid__in=program_uuids)
    if course_keys is not None:
        wanted &= Q(course_key__in=course_keys)
    if statuses is not None:
        wanted &= Q(status__in=statuses)
    return ProgramCourseEnrollment.objects.filter(wanted).select_related("program_enrollment__user").order_by("id")


def get_users_by_external_keys(*, program_uuid: UUID, external_user_keys: Collection[str]) -> dict[str, User | None]:
    """Return {student key: account}, by the providers of the program's first authoring organization (section 7).

    A key without account has None. Raises: ProgramDoesNotExist.
    """
    organization_key = find_administering_organization_key(get_program(program_uuid))
    user_ids = (
        find_user_ids_by_student_keys(organization_key=organization_key, student_keys=external_user_keys)
        if organization_key
        else {}
    )
    users = User.objects.in_bulk(set(user_ids.values()))
    return {key: users.get(user_ids.get(key, 0)) for key in external_user_keys}


def get_external_key_by_user_and_course(*, user: User, course_key: CourseKey) -> str | None:
    """Return the student key under which the account is enrolled in the course run through a program, active first.

    None: it is not, or without a student key.
    """
    active_first = Case(When(status=ProgramCourseEnrollmentStatus.ACTIVE, then=0), default=1)
    return (
        ProgramCourseEnrollment.objects.filter(program_enrollment__user=user, course_key=course_key)
        .exclude(program_enrollment__external_user_key=None)
        .order_by(active_first, "id")
        .values_list("program_enrollment__external_user_key", flat=True)
        .first()
    )


def annotate_course_staff(enrollments: "QuerySet[ProgramCourseEnrollment]") -> "QuerySet[Any]":
    """Give each course enrollment `is_course_staff`: its learner is staff of the run, or will be once linked.

    Listings say the same in SQL (`pages.sql_of_course_staff`).
    """
    holders = User.objects.filter(
        pk=OuterRef("program_enrollment__user"),
        course_access_roles__course_key=OuterRef("course_key"),
        course_access_roles__role=STAFF_ROLE,
    )
    waiting = CourseAccessRoleAssignment.objects.filter(enrollment=OuterRef("pk"), role=STAFF_ROLE)
    is_staff = Q(Exists(holders)) | Q(Exists(waiting), program_enrollment__user=None)
    return enrollments.annotate(is_course_staff=Case(When(is_staff, then=Value(True)), default=Value(False)))


def list_accounts_in_run(enrollments: Sequence[ProgramEnrollment], course_key: CourseKey) -> dict[int, AccountInRun]:
    """Return {id of an enrollment: what its account has in the course run}, of those that have an account.

    Costs two queries, however many there are.
    """
    place_by_id = {
        enrollment.pk: (enrollment.user_id, course_key) for enrollment in enrollments if enrollment.user_id is not None
    }
    if not place_by_id:
        return {}
    staff = list_role_holders(set(place_by_id.values()))
    states = list_course_enrollments(set(place_by_id.values()))
    return {pk: AccountInRun(place in staff, *states.get(place, (None, False))) for pk, place in place_by_id.items()}


def list_course_staff(course_enrollment_ids: Collection[int]) -> set[int]:
    """Return those of the course enrollments whose learner is staff of the run, or will be once linked.

    Costs one query, however many there are.
    """
    enrollments = annotate_course_staff(ProgramCourseEnrollment.objects.filter(pk__in=course_enrollment_ids))
    return set(enrollments.filter(is_course_staff=True).order_by().values_list("pk", flat=True))


def _learner_filter(
    prefix: str = "",
    *,
    users: Collection[User] | None,
    external_user_keys: Collection[str] | None,
    curriculum_uuids: Collection[UUID] | None,
    program_enrollment_statuses: Collection[str] | None,
    is_linked: bool | None,
) -> Q:
    wanted = Q()
    for field, values in (
        ("user", users),
        ("external_user_key", external_user_keys),
        ("curriculum_uuid", curriculum_uuids),
        ("status", program_enrollment_statuses),
    ):
        if values is not None:
            wanted &= Q((f"{prefix}{field}__in", values))
    if is_linked is not None:
        wanted &= Q((f"{prefix}user__isnull", not is_linked))
    return wanted


def _require_a_learner(user: object, external_user_key: object) -> None:
    if user is None and external_user_key is None:
        raise ValueError("A user or a student key is needed.")
