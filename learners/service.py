"""The front door of learners: accounts, identities, and what accounts hold in course runs."""

from learners.accounts import (
    create_passwordless_account,
    delete_users,
    find_user,
    find_users_by_username,
    get_or_create_passwordless_account,
    list_mailable_users,
    list_staff,
    list_user_ids_of_organization,
    search_user_ids,
)
from learners.course_runs import (
    enroll_in_course_runs,
    grant_course_roles,
    put_back_course_enrollments,
    revoke_course_roles,
    withdraw_from_course_runs,
)
from learners.identities import (
    find_accounts_of_several_identities,
    find_user_ids_by_student_keys,
    make_identities_statement,
)
from learners.models import CourseEnrollment, User
from learners.reading import (
    CourseCertificate,
    list_active_course_enrollments,
    list_certificates,
    list_course_enrollments,
    list_course_keys_with_role,
    list_current_course_keys,
    list_opted_out_course_keys,
    list_role_holders,
)
from learners.retirement import (
    Account,
    anonymize_user,
    find_account,
    forget_unfinished_sign_ins,
    list_student_keys_of_user,
)

__all__ = [
    "Account",
    "CourseCertificate",
    "CourseEnrollment",
    "User",
    "anonymize_user",
    "create_passwordless_account",
    "delete_users",
    "enroll_in_course_runs",
    "find_account",
    "find_accounts_of_several_identities",
    "find_user",
    "find_user_ids_by_student_keys",
    "find_users_by_username",
    "forget_unfinished_sign_ins",
    "get_or_create_passwordless_account",
    "grant_course_roles",
    "list_active_course_enrollments",
    "list_certificates",
    "list_course_enrollments",
    "list_course_keys_with_role",
    "list_current_course_keys",
    "list_mailable_users",
    "list_opted_out_course_keys",
    "list_role_holders",
    "list_staff",
    "list_student_keys_of_user",
    "list_user_ids_of_organization",
    "make_identities_statement",
    "put_back_course_enrollments",
    "revoke_course_roles",
    "search_user_ids",
    "withdraw_from_course_runs",
]
