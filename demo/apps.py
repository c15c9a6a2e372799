from django.apps import AppConfig


class DemoConfig(AppConfig):
    """What `make run` and `make demo` show: a school, its learners and their enrollments. Never for production."""

    name = "demo"
