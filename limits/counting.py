"""Counters of requests that all processes share, and that lose no count when requests race."""

import logging
from typing import Protocol

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class Counter(Protocol):
    """Counts of requests, by counter and window of time."""

    def count(self, counter: str, window: int, *, seconds: int) -> int:
        """Count one more request in a window that is so many seconds long; return how many there are by now."""


class CacheCounter:
    """Counts in the cache: Redis, which processes share. While it cannot be reached, nothing is limited."""

    def count(self, counter: str, window: int, *, seconds: int) -> int:
        key = f"requests:{counter}:{window}"
        try:
            # Twice the window, so that no clock is so late that its count has gone.
            cache.add(key, 0, timeout=2 * seconds)
            return cache.incr(key)
        except RedisError as error:
            logger.error("Requests are not limited: the cache failed (%s).", type(error).__name__)  # noqa: TRY400 -- the kind says it all
            return 0


class DatabaseCounter:
    """Counts in a table, for sites without a shared cache: one statement a request."""

    def count(self, counter: str, window: int, *, seconds: int) -> int:
        with connection.cursor() as cursor:
            # A process whose clock is late counts in the window that others have opened.
            cursor.execute(
                """
                INSERT INTO limits_requestcount AS standing (counter, "window", requests, counted_at)
                VALUES (%s, %s, 1, %s)
                ON CONFLICT (counter) DO UPDATE SET
                    requests = CASE WHEN standing."window" < excluded."window" THEN 1 ELSE standing.requests + 1 END,
                    "window" = greatest(standing."window", excluded."window"),
                    counted_at = excluded.counted_at
                RETURNING requests
                """,
                [counter, window, timezone.now()],
            )
            (requests,) = cursor.fetchone()
        return int(requests)


def get_counter() -> Counter:
    """Return the counter that the settings name."""
    counter: Counter = import_string(settings.REQUEST_COUNTER)()
    return counter
