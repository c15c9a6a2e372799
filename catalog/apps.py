from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_delete, post_save


class CatalogConfig(AppConfig):
    """Programs, curricula, courses and course runs, mirrored from a course catalog."""

    name = "catalog"
    verbose_name = "Catalog"

    def ready(self) -> None:
        """Let a process see at once what it has changed itself, in the admin for one."""
        for model in ("Organization", "Program", "ProgramOrganization"):
            for signal in (post_save, post_delete):
                signal.connect(forget_programs, sender=f"catalog.{model}", dispatch_uid=f"forget programs: {model}")


def forget_programs(**kwargs: Any) -> None:
    """Ask the database about programs again once the change is committed."""
    from catalog.backends.database import get_program_in_second  # noqa: PLC0415 -- needs the models

    transaction.on_commit(get_program_in_second.cache_clear)
