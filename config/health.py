"""Health probes for load balancers, containers and orchestrators.

`/health/live`: the process answers. `/health/ready`: it can also serve, that is, the database is reachable and all
migrations are applied. Both with and without a trailing slash; 200 with `{"status": "ok"}`, else 503 with
`{"status": "unavailable", "problems": {"database" | "migrations": what is wrong}}`.
"""

from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from program_enrollments.outages import is_outage


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
        return {"database": "The database cannot be reached."}
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    unapplied = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    return {"migrations": unapplied} if unapplied else {}


PROBES = {"/health/live": live, "/health/ready": ready}
