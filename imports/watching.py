"""How the queue and its workers fare, for those who watch over the service."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from django.db import connection
from django.db.models import BigIntegerField, Count, F, Min, Q, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from imports.constants import APPLIED_STATES, ImportKind, ImportState, RowOutcome
from imports.locking import lock_number
from imports.models import Import

SIGNED_IN = "workers"
"""The name of the lock that all workers share while they live."""

LATELY = timedelta(days=1)
"""How long ago an import may have ended for its rows to be counted: numbers that pruning does not lessen."""


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


def count_imported_rows() -> dict[tuple[str, str], int]:
    """Return {(kind, outcome): rows of imports that ended within the last day}, zeros included, by what imports store.

    Of an import that was rejected as a whole, only its rejected rows; of one that failed or was canceled half-way,
    none: its sums are of its plan.
    """
    was_carried_out = Q(state__in=[*APPLIED_STATES, ImportState.UNDONE], rows_done=F("rows_total"))
    was_rejected = Q(state=ImportState.REJECTED)
    ended = Import.objects.filter(was_carried_out | was_rejected, finished_at__gt=timezone.now() - LATELY)
    sums = {
        outcome.value: Sum(
            Cast(KT(f"counts__{outcome}"), BigIntegerField()),
            filter=Q() if outcome == RowOutcome.REJECT else was_carried_out,
        )
        for outcome in RowOutcome
    }
    rows = dict.fromkeys(product(ImportKind.values, RowOutcome.values), 0)
    by_kind = ended.order_by().values("kind").annotate(**sums)
    for kind, *counts in by_kind.values_list("kind", *RowOutcome.values):
        for outcome, count in zip(RowOutcome.values, counts, strict=True):
            rows[kind, outcome] = count or 0
    return rows


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
