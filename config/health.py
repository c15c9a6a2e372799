"""Health probes for load balancers, containers and orchestrators.

`/health/live`: the process answers. `/health/ready`: it can also serve, that is, the database is reachable and all
migrations are applied. `/health/worker`: queued work is taken up. All with and without a trailing slash; 200 with
`{"status": "ok"}`, else 503 with `{"status": "unavailable", "problems": {part at fault: what is wrong}}`. The parts are
database, migrations, worker and queue. `/metrics` is answered here, too.
"""

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.metrics import show_metrics
from imports.service import look_at_queue
from program_enrollments.outages import is_outage

NOT_REACHED = "The database cannot be reached."


def health_probes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer the probes ahead of all other middleware.

    A probe comes over plain HTTP and names the machine's address as host, which `ALLOWED_HOSTS` would refuse.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        view = PROBES.get(request.path_info.rstrip("/"), get_response)
        return view(request)

    return middleware


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Answer without looking at anything else: a process must not be restarted for a fault of its database."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the service cannot do its work."""
    problems = find_problems()
    if problems:
        return JsonResponse({"status": "unavailable", "problems": problems}, status=503)
    return JsonResponse({"status": "ok"})


def find_problems() -> dict[str, str | list[str]]:
    """Return what keeps the service from working, by the part at fault; empty when all is well."""
    try:
        executor = MigrationExecutor(connection)
    except (DatabaseError, InterfaceError) as fault:
        if not is_outage(fault):
            raise
        # Without the driver's text, which names the server and the account.
        return {"database": NOT_REACHED}
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    unapplied = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    return {"migrations": unapplied} if unapplied else {}


@require_safe
@never_cache
def worker(request: HttpRequest) -> HttpResponse:
    """Answer 503 while queued work is not taken up. The web processes do theirs all the same."""
    try:
        queue = look_at_queue()
    except (DatabaseError, InterfaceError) as fault:
        if not is_outage(fault):
            raise
        return JsonResponse({"status": "unavailable", "problems": {"database": NOT_REACHED}}, status=503)
    problems = {}
    if not queue.workers:
        problems["worker"] = "No worker is connected to the database."
    if queue.oldest_seconds > settings.WORKER_LATE_SECONDS:
        problems["queue"] = f"A task has waited for {queue.oldest_seconds:.0f} seconds."
    if problems:
        return JsonResponse({"status": "unavailable", "problems": problems}, status=503)
    return JsonResponse({"status": "ok"})


PROBES = {"/health/live": live, "/health/ready": ready, "/health/worker": worker, "/metrics": show_metrics}
