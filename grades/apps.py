from django.apps import AppConfig
from django.core.checks import register

from grades.checks import check_lms_address


class GradesConfig(AppConfig):
    """Course grades of learners."""

    name = "grades"
    verbose_name = "Grades"

    def ready(self) -> None:
        register(check_lms_address)
