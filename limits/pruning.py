"""Deleting counts of requests that no limit looks at any more."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from limits.models import RequestCount

LONGEST_WINDOW: Final = timedelta(days=1)


def prune_request_counts() -> int:
    """Delete the counts of requesters that sent nothing for a day. Returns how many."""
    count, _ = RequestCount.objects.filter(counted_at__lt=timezone.now() - LONGEST_WINDOW).delete()
    return count
