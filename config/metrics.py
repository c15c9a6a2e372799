"""What Prometheus reads at `/metrics` (setting METRICS_TOKEN; 404 without one).

Counts of requests, of enrollments written and of log lines are those of the processes on this machine; what comes from
the database (imports by state and their rows, the queue, its workers) is the same on every machine.
"""

import os
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config.log_counting import ERROR_LINES
from imports.constants import ImportState
from imports.service import count_imported_rows, count_imports_by_state, look_at_queue
from program_enrollments.metrics import begin_at_zero
from program_enrollments.outages import is_outage

WATCHED_LOGGERS = ("imports.rest_api.errors", "limits.counting", "registrar.rest_api.errors")
"""Whose lines docs/alerts.yml asks for."""


class DatabaseMetrics(Collector):
    """Reads what all machines share; while the database is away, that alone is told."""

    def collect(self) -> Iterator[Metric]:
        is_up = GaugeMetricFamily("enrollments_database_up", "1 while the database answers.")
        try:
            queue, imports, imported_rows = look_at_queue(), count_imports_by_state(), count_imported_rows()
        except (DatabaseError, InterfaceError) as fault:
            if not is_outage(fault):
                raise
            is_up.add_metric([], 0)
            yield is_up
            return
        is_up.add_metric([], 1)
        yield is_up
        by_state = GaugeMetricFamily("enrollments_imports", "Imports that are kept, by state.", labels=["state"])
        for state in ImportState:
            by_state.add_metric([state.value], imports.get(state.value, 0))
        yield by_state
        by_outcome = GaugeMetricFamily(
            "enrollments_imported_rows",
            "Rows of imports that ended in the last 24 hours, by what they are about and what became of them.",
            labels=["kind", "outcome"],
        )
        for labels, rows in imported_rows.items():
            by_outcome.add_metric(labels, rows)
        yield by_outcome
        yield GaugeMetricFamily("enrollments_queue_ready", "Tasks that wait for a worker.", queue.ready)
        yield GaugeMetricFamily(
            "enrollments_queue_oldest_seconds", "For how long the oldest of them has waited.", queue.oldest_seconds
        )
        yield GaugeMetricFamily("enrollments_workers", "Workers that are connected to the database.", queue.workers)


@require_safe
@never_cache
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Answer those who have the token, and nobody while there is none."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    # Not when the process starts: commands, which nobody scrapes, would leave a file each among those of the processes.
    begin_at_zero()
    for logger in WATCHED_LOGGERS:
        ERROR_LINES.labels(logger)
    processes = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        processes = CollectorRegistry()
        MultiProcessCollector(processes)  # type: ignore[no-untyped-call]
    shared = CollectorRegistry()
    shared.register(DatabaseMetrics())
    return HttpResponse(generate_latest(processes) + generate_latest(shared), content_type=CONTENT_TYPE_LATEST)
