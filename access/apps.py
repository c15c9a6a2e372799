from importlib import import_module

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Partner applications, tokens, and the roles that say who may work on which program."""

    name = "access"
    verbose_name = "Access"

    def ready(self) -> None:
        import_module("access.checks")
        import_module("access.openapi")
