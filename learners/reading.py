"""What accounts hold in course runs, as seen by other packages."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from opaque_keys.edx.keys import CourseKey

from learners.constants import CourseRole
from learners.models import Certificate, CourseAccessRole, CourseEnrollment, EmailOptOut


@dataclass(frozen=True, slots=True)
class CourseCertificate:
    """What an account earned in a course run; `download_url` is empty when there is nothing to download."""

    is_passing: bool
    created_at: datetime
    download_url: str


def list_active_course_enrollments(
    *, user_id: int, course_keys: Collection[CourseKey], modes: Collection[str]
) -> QuerySet[CourseEnrollment]:
    """Return an account's active course enrollments in these runs and modes, by id."""
    return CourseEnrollment.objects.filter(
        user_id=user_id, course_key__in=course_keys, mode__in=modes, is_active=True
    ).order_by("id")


def list_course_keys_with_role(*, user_id: int, roles: Iterable[CourseRole]) -> set[CourseKey]:
    """Return the keys of the course runs on which the account holds any of these roles."""
    held = CourseAccessRole.objects.filter(user_id=user_id, role__in=list(roles))
    return {role.course_key for role in held}


def list_certificates(*, user_id: int, course_keys: Collection[CourseKey]) -> dict[CourseKey, CourseCertificate]:
    """Return {course key: certificate} of an account; runs without a certificate are left out."""
    return {
        certificate.course_key: CourseCertificate(
            is_passing=certificate.is_passing,
            created_at=certificate.created_date,
            download_url=certificate.download_url,
        )
        for certificate in Certificate.objects.filter(user_id=user_id, course_key__in=course_keys)
    }


def list_opted_out_course_keys(*, user_id: int, course_keys: Collection[CourseKey]) -> set[CourseKey]:
    """Return those of the course runs whose e-mail the account does not want."""
    opt_outs = EmailOptOut.objects.filter(user_id=user_id, course_key__in=course_keys)
    return {opt_out.course_key for opt_out in opt_outs}


def list_current_course_keys(user_ids: Collection[int]) -> dict[int, set[CourseKey]]:
    """Return {user id: keys of the course runs in which the account is enrolled now}, without empty ones."""
    keys: dict[int, set[CourseKey]] = defaultdict(set)
    for enrollment in CourseEnrollment.objects.filter(user_id__in=user_ids, is_active=True):
        keys[enrollment.user_id].add(enrollment.course_key)
    return dict(keys)


def list_course_enrollments(places: Collection[tuple[int, CourseKey]]) -> dict[tuple[int, CourseKey], tuple[str, bool]]:
    """Return {(user id, course key): (mode, whether active)} of the course enrollments at the places."""
    held = CourseEnrollment.objects.filter(
        user_id__in={user_id for user_id, _ in places}, course_key__in={key for _, key in places}
    )
    return {
        place: (enrollment.mode, enrollment.is_active)
        for enrollment in held
        if (place := (enrollment.user_id, enrollment.course_key)) in places
    }


def list_role_holders(places: Collection[tuple[int, CourseKey]]) -> set[tuple[int, CourseKey]]:
    """Return those of the places, (user id, course key), at which the account is course staff."""
    held = CourseAccessRole.objects.filter(
        user_id__in={user_id for user_id, _ in places}, course_key__in={key for _, key in places}, role=CourseRole.STAFF
    )
    at = {(role.user_id, role.course_key) for role in held}
    return {place for place in places if place in at}
