"""The front door of learners: accounts, identities, and what accounts hold in course runs."""

from learners.course_runs import (
    enroll_in_course_runs,
    grant_course_roles,
    list_role_holders,
    revoke_course_roles,
    withdraw_from_course_runs,
)
from learners.identities import find_user_ids_by_student_keys, find_users_by_username
from learners.models import User

__all__ = [
    "User",
    "enroll_in_course_runs",
    "find_user_ids_by_student_keys",
    "find_users_by_username",
    "grant_course_roles",
    "list_role_holders",
    "revoke_course_roles",
    "withdraw_from_course_runs",
]
