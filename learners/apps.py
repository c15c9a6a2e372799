from importlib import import_module

from django.apps import AppConfig


class LearnersConfig(AppConfig):
    """Accounts, their identities at schools, and what they hold in course runs."""

    name = "learners"
    verbose_name = "Learners"

    def ready(self) -> None:
        import_module("learners.receivers")
