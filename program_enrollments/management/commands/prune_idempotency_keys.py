"""Deletes answers to writes that are no longer remembered."""

from typing import Any

from django.core.management.base import BaseCommand

from program_enrollments import api


class Command(BaseCommand):
    """`manage.py prune_idempotency_keys`."""

    help = (
        "Delete the idempotency keys, and the answers stored with them, that are older than IDEMPOTENCY_KEY_HOURS. "
        "Workers do so once a day; the answers name learners."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Deleted {api.prune_idempotency_keys()} idempotency keys.")
