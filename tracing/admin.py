"""Admin pages of what has a history."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from simple_history.admin import SimpleHistoryAdmin


class HistoryAdmin(SimpleHistoryAdmin):  # type: ignore[misc]  # simple-history is untyped
    """Pages of rows with history; an id that is no number is that of no row."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        _require_number(object_id)
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        return response

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        _require_number(object_id)
        _require_number(version_id)
        response: HttpResponse = super().history_form_view(request, object_id, version_id, extra_context)
        return response


def _require_number(text: str) -> None:
    if not text.isdecimal():
        raise Http404
