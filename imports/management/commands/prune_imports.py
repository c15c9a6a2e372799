"""Deletes old imports; workers do so once a day."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imports.service import prune_imports


class Command(BaseCommand):
    """`manage.py prune_imports`."""

    help = (
        "Delete imports, their rows and their files, that ended longer ago than IMPORT_KEPT_DAYS (days). "
        "Workers do so once a day."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        pruned = prune_imports()
        self.stdout.write(f"Deleted {pruned} imports that ended more than {settings.IMPORT_KEPT_DAYS} days ago.")
