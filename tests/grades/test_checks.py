import pytest
from django.core.checks import run_checks


@pytest.mark.parametrize("url", ["", "lms.example.edu"])
def test_check_fails_when_grades_come_from_an_lms_without_an_address(settings, url):
    settings.GRADES_BACKEND = "grades.backends.lms.LmsGrades"
    settings.LMS_BASE_URL = url
    assert "grades.E001" in [message.id for message in run_checks()]


@pytest.mark.parametrize(
    ("backend", "url"),
    [
        ("grades.backends.lms.LmsGrades", "https://lms.example.edu"),
        ("grades.backends.database.DatabaseGrades", ""),
    ],
)
def test_check_passes_when_the_address_is_set_or_not_needed(settings, backend, url):
    settings.GRADES_BACKEND = backend
    settings.LMS_BASE_URL = url
    assert "grades.E001" not in [message.id for message in run_checks()]
