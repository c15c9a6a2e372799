"""What accounts hold in course runs, as seen by other packages."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from opaque_keys.edx.keys import CourseKey

from learners.constants import CourseRole
from learners.models import Certificate, CourseAccessRole, CourseEnrollment, EmailOptOut, User


@dataclass(frozen=True, slots=True)
class CourseCertificate:
    """What an account earned in a course run; `download_url` is empty when there is nothing to download."""

    is_passing: bool
    created_at: datetime
    download_url: str


def find_user(username: str) -> User | None:
    """Return the account with exactly this username, active or not; None if there is none."""
    if "\x00" in username:  # PostgreSQL has no such text
        return None
    return User.objects.filter(username=username).first()


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


def map_certificates(*, user_id: int, course_keys: Collection[CourseKey]) -> dict[CourseKey, CourseCertificate]:
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
