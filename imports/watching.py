"""How the queue and its workers fare, for those who watch over the service."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from imports.models import Import
from imports.running import lock_number

SIGNED_IN = "workers"
"""The name of the lock that all workers share while they live."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many tasks are ready and not taken, for how many seconds the oldest is, and how many workers live."""

    ready: int
    oldest_seconds: float
    workers: int


def look_at_queue() -> QueueState:
    """Return how the queue fares."""
    ready = DBTaskResult.objects.ready().order_by().aggregate(count=Count("pk"), oldest=Min("enqueued_at"))
    oldest_seconds = (timezone.now() - ready["oldest"]).total_seconds() if ready["oldest"] else 0.0
    return QueueState(ready=ready["count"], oldest_seconds=max(oldest_seconds, 0.0), workers=_count_workers())


def count_imports_by_state() -> dict[str, int]:
    """Return {state: imports that are there}; states without any are left out."""
    return dict(Import.objects.order_by().values_list("state").annotate(Count("pk")))


def _count_workers() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND mode = 'ShareLock'
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND (classid::bigint << 32 | objid::bigint) = %s
            """,
            [lock_number(SIGNED_IN)],
        )
        (workers,) = cursor.fetchone()
    return int(workers)
