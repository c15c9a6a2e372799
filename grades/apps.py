from django.apps import AppConfig


class GradesConfig(AppConfig):
    """Course grades of learners."""

    name = "grades"
    verbose_name = "Grades"
