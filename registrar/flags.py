"""Features that are switched on for some callers, in the admin (waffle flags); off where there is no such flag."""

from django.http import HttpRequest
from waffle import flag_is_active

COURSE_STAFF = "enable_course_role_management"
NAMES = "include_name_email_in_get_program_enrollment"


def may_manage_course_staff(request: HttpRequest) -> bool:
    """Tell whether the caller may grant and withdraw the staff role on course runs, and sees who has it."""
    return bool(flag_is_active(request, COURSE_STAFF, read_only=True))


def may_see_names(request: HttpRequest) -> bool:
    """Tell whether downloads of program enrollments show the caller usernames and e-mail addresses."""
    return bool(flag_is_active(request, NAMES, read_only=True))
