"""The front door of learners: accounts, identities, and what accounts hold in course runs."""

from learners.course_runs import (
    enroll_in_course_runs,
    grant_course_roles,
    list_role_holders,
    revoke_course_roles,
    withdraw_from_course_runs,
)
from learners.identities import find_user_ids_by_student_keys, find_users_by_username
from learners.models import CourseEnrollment, User
from learners.reading import (
    CourseCertificate,
    find_user,
    list_active_course_enrollments,
    list_course_keys_with_role,
    list_opted_out_course_keys,
    map_certificates,
)

__all__ = [
    "CourseCertificate",
    "CourseEnrollment",
    "User",
    "enroll_in_course_runs",
    "find_user",
    "find_user_ids_by_student_keys",
    "find_users_by_username",
    "grant_course_roles",
    "list_active_course_enrollments",
    "list_course_keys_with_role",
    "list_opted_out_course_keys",
    "list_role_holders",
    "map_certificates",
    "revoke_course_roles",
    "withdraw_from_course_runs",
]
