"""Locks on guessed passwords and client secrets, kept by django-axes in the database.

Failures are counted by account (or client) and address together, so that nobody can lock out another from afar.
"""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.apps import apps
from django.conf import settings
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

MAX_NAME_LENGTH = 255


def is_client_locked(request: HttpRequest, client_id: str) -> bool:
    """Tell whether so many wrong secrets came for this client from this address that not even the right one counts."""
    return not AxesProxyHandler.is_allowed(request, _credentials(client_id))


def report_failed_client(request: HttpRequest, client_id: str) -> None:
    """Count a wrong client secret. The client need not exist: what is locked must not tell which ones do."""
    AxesProxyHandler.user_login_failed(sender=__name__, credentials=_credentials(client_id), request=request)
    # The failure that locks is answered like the others: axes would put its page for people in the answer's place.
    request.axes_locked_out = False  # type: ignore[attr-defined]  # set by axes


def forget_failed_client(request: HttpRequest, client_id: str) -> None:
    """Start the count anew, after the right secret."""
    AxesProxyHandler.update_request(request)
    AxesProxyHandler.reset_attempts(
        username=get_account_name(request, _credentials(client_id)),
        ip_address=request.axes_ip_address,  # type: ignore[attr-defined]  # set above
    )


def forget_failed_sign_ins(names: Collection[str]) -> None:
    """Delete the failures that were counted for accounts, under their usernames or what else was typed as one.

    Upper and lower case count as the same: what failed may be how the name was typed.
    """
    folded = {name.lower() for name in names}
    for model in ("AccessAttempt", "AccessFailureLog", "AccessLog"):
        failures = apps.get_model("axes", model).objects.annotate(folded=Lower("username"))
        failures.filter(folded__in=folded).delete()


def get_lock_seconds() -> int:
    """Return how long a lock lasts, counted from the last failure before it."""
    return int(settings.AXES_COOLOFF_TIME.total_seconds())


def answer_locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """Answer a login form that is locked (setting AXES_LOCKOUT_CALLABLE)."""
    page = TemplateResponse(
        request, "limits/locked_out.html", {"minutes": get_lock_seconds() // 60}, status=HTTPStatus.TOO_MANY_REQUESTS
    ).render()
    page["Retry-After"] = str(get_lock_seconds())
    return page


def get_account_name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """Return whose failures are counted (setting AXES_USERNAME_CALLABLE), cut to what can be stored."""
    return str((credentials or {}).get("username", "")).replace("\0", "")[:MAX_NAME_LENGTH]


def _credentials(client_id: str) -> dict[str, str]:
    return {"username": f"client:{client_id}"}  # no account can have such a name
