from importlib import import_module

from django.apps import AppConfig


class RegistrarConfig(AppConfig):
    """What clients of the Open edX Registrar service find here, served from our own data."""

    name = "registrar"
    verbose_name = "Registrar's API"

    def ready(self) -> None:
        """Listen to what happens to learners."""
        import_module("registrar.receivers")
