from importlib import import_module

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Whole rosters at once: uploaded files, and everything that became of them."""

    name = "imports"
    verbose_name = "Imports"

    def ready(self) -> None:
        """Register the checks, and listen to what happens to learners."""
        import_module("imports.checks")
        import_module("imports.receivers")
