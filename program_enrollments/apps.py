from importlib import import_module

from django.apps import AppConfig


class ProgramEnrollmentsConfig(AppConfig):
    """Which learners a school enrolled in which program, curriculum and course runs."""

    name = "program_enrollments"
    verbose_name = "Program enrollments"

    def ready(self) -> None:
        """Listen to what happens to learners, and register the system checks."""
        import_module("program_enrollments.receivers")
        import_module("program_enrollments.checks")
