"""Deletes counts of requests that no limit looks at any more."""

from typing import Any

from django.core.management.base import BaseCommand

from limits.pruning import prune_request_counts


class Command(BaseCommand):
    """`manage.py prune_request_counts`."""

    help = "Delete the counts of requesters that sent nothing for a day. Workers do so once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Deleted {prune_request_counts()} counts of requests.")
