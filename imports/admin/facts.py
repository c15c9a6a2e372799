"""What an import's page tells of its file, its options and its people."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.timezone import localtime

from imports.constants import USUAL_MAX_DROP
from imports.service import Import
from learners.service import User

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "": "none"}


def list_facts(item: Import) -> Iterator[tuple[str, Any]]:
    """Yield (label, value) of what was uploaded, by whom, and how."""
    yield "Uploaded", _tell_when(item.created, item.uploaded_by)
    if item.undoes_id:
        yield "Undoes", _link(item.undoes_id)
    if undone_by := getattr(item, "undone_by", None):
        yield f"Undone by ({undone_by.get_state_display().lower()})", _link(undone_by.pk)
    if item.decided_by:
        yield "Decided by", item.decided_by
    for label, time in (("Started", item.started_at), ("Planned", item.planned_at), ("Ended", item.finished_at)):
        if time:
            yield label, _tell_when(time)
    if item.file:
        yield "File", item.file_name or "(without a name)"
        yield from _list_file_facts(item)
        yield "Rows may", item.get_action_display()
        yield "All or nothing", "yes" if item.is_atomic else "no"
        yield "Whole roster", "yes" if item.is_snapshot else "no"
    if item.is_snapshot:
        yield "Dropped learners get", item.drop_status
        yield "Drop at most", USUAL_MAX_DROP if item.max_drop is None else f"{item.max_drop:,}"
    yield "Program", item.program_uuid
    yield "Import", item.pk
    if item.request_id:
        yield "Request", item.request_id


def _list_file_facts(item: Import) -> Iterator[tuple[str, Any]]:
    if not item.encoding:
        return
    yield "Encoding", item.encoding
    yield "Delimiter", DELIMITER_NAMES.get(item.delimiter, item.delimiter)
    yield "Columns that are ignored", ", ".join(item.unknown_columns) or "none"


def _tell_when(time: datetime, who: User | None = None) -> str:
    when = localize(localtime(time))
    return f"{when} by {who}" if who else when


def _link(import_id: UUID) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:imports_import_change", args=[import_id]), import_id)
