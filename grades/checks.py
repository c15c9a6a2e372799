"""Checks of the settings that grades need."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

LMS_BACKEND = "grades.backends.lms.LmsGrades"


def check_lms_address(**kwargs: Any) -> list[CheckMessage]:
    """Grades can only be asked of an LMS whose address is known."""
    if settings.GRADES_BACKEND == LMS_BACKEND and not settings.LMS_BASE_URL.startswith(("https://", "http://")):
        return [
            Error(
                "GRADES_BACKEND is the LMS, but LMS_BASE_URL is not its address.",
                hint="Set LMS_BASE_URL, like https://lms.example.edu",
                id="grades.E001",
            )
        ]
    return []
