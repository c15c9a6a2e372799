"""Deletes counts of requests that no limit looks at any more."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from limits.models import RequestCount

LONGEST_WINDOW = timedelta(days=1)


class Command(BaseCommand):
    """`manage.py prune_request_counts`."""

    help = "Delete the counts of requesters that sent nothing for a day. For a daily schedule; not needed with Redis."

    def handle(self, *args: Any, **options: Any) -> None:
        count, _ = RequestCount.objects.filter(counted_at__lt=timezone.now() - LONGEST_WINDOW).delete()
        self.stdout.write(f"Deleted {count} counts of requests.")
