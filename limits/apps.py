from importlib import import_module

from django.apps import AppConfig


class LimitsConfig(AppConfig):
    """How much a requester may ask for, and how often a wrong password or secret may be tried."""

    name = "limits"
    verbose_name = "Limits"

    def ready(self) -> None:
        """Check the rates at start, and listen to lock-outs."""
        import_module("limits.checks")
        import_module("limits.receivers")
