"""Counters of requests that all processes share, and that lose no count when requests race."""

import logging
from typing import Any, Protocol

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from prepared.service import execution_of

logger = logging.getLogger(__name__)


class Counter(Protocol):
    """Counts of requests, by counter and window of time."""

    def count(self, counter: str, window: int, *, seconds: int, requests: int = 1) -> int:
        """Count more requests in a window that is so many seconds long; return how many there are by now."""


class CacheCounter:
    """Counts in the cache `requests`: Redis, which processes share. While it cannot be reached, nothing is limited."""

    def count(self, counter: str, window: int, *, seconds: int, requests: int = 1) -> int:
        key = f"requests:{counter}:{window}"
        cache = caches["requests"]
        try:
            # Twice the window, so that no clock is so late that its count has gone.
            cache.add(key, 0, timeout=2 * seconds)
            return cache.incr(key, requests)
        except RedisError as error:
            logger.error("Requests are not limited: the cache failed (%s).", type(error).__name__)  # noqa: TRY400 -- the kind says it all
            return 0


# A process whose clock is late counts in the window that others have opened.
COUNT = """
INSERT INTO limits_requestcount AS standing (counter, "window", requests, counted_at)
VALUES (%(counter)s, %(window)s, %(requests)s, %(now)s)
ON CONFLICT (counter) DO UPDATE SET
    requests = excluded.requests + CASE WHEN standing."window" < excluded."window" THEN 0 ELSE standing.requests END,
    "window" = greatest(standing."window", excluded."window"),
    counted_at = excluded.counted_at
RETURNING requests
"""


class DatabaseCounter:
    """Counts in a table, for sites without a shared cache: one statement a count."""

    def count(self, counter: str, window: int, *, seconds: int, requests: int = 1) -> int:
        # A count that a crash loses is no loss, and not worth waiting for the disk; a caller's transaction may be.
        unhurried = "" if connection.in_atomic_block else "SET LOCAL synchronous_commit TO off; "
        values: dict[str, Any] = {"counter": counter, "window": window, "requests": requests, "now": timezone.now()}
        with connection.cursor() as cursor:
            cursor.execute(unhurried + execution_of(COUNT), values)
            (sent,) = cursor.fetchone()
        return int(sent)


def get_counter() -> Counter:
    """Return the counter that the settings name."""
    counter: Counter = import_string(settings.REQUEST_COUNTER)()
    return counter
