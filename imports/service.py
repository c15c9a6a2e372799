"""The front door of imports: what views, the admin and commands may do with them (imports page).

Every function takes whole transactions of its own, and says what it refuses by an `ImportsError`.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from imports.constants import (
    APPLIED_STATES,
    DROP_STATUSES,
    LARGEST_MAX_DROP,
    RUNNABLE_STATES,
    Decision,
    ExportFormat,
    ImportAction,
    ImportKind,
    ImportMode,
    ImportState,
    RowOutcome,
)
from imports.exceptions import ImportsError, InvalidOption, PlanStale, SecondPersonNeeded, StateConflict
from imports.exporting import (
    export_course_enrollments,
    export_program_enrollments,
    iter_rejected_csv,
    iter_results_csv,
    list_rows,
)
from imports.locking import lock_number, lock_with_undo
from imports.models import Import, ImportRow
from imports.plan_statements import list_stale_rows
from imports.pruning import prune_imports
from imports.running import drops_too_many
from imports.tasks import run_imports
from imports.watching import QueueState, count_imported_rows, count_imports_by_state, look_at_queue
from learners.service import User
from program_enrollments import api

__all__ = [
    "ExportFormat",
    "Import",
    "ImportRow",
    "ImportsError",
    "InvalidOption",
    "PlanStale",
    "QueueState",
    "SecondPersonNeeded",
    "StateConflict",
    "apply_import",
    "approve_import",
    "cancel_import",
    "count_imported_rows",
    "count_imports_by_state",
    "create_import",
    "discard_import",
    "export_course_enrollments",
    "export_program_enrollments",
    "get_import",
    "iter_rejected_csv",
    "iter_results_csv",
    "list_decisions",
    "list_imports",
    "list_rows",
    "lock_number",
    "look_at_queue",
    "measure_speed",
    "prune_imports",
    "undo_import",
]

STALE_ROWS_TOLD = 20
WAITING_STATES = (ImportState.QUEUED, ImportState.PLANNED, ImportState.HELD)
"""In which nothing runs, and nothing has been changed."""
NEVER_APPLIED = Q(state__in=[ImportState.PLANNED, ImportState.DISCARDED, ImportState.CANCELED], rows_done=0)


def create_import(
    *,
    program_uuid: UUID,
    kind: ImportKind,
    file: IO[bytes],
    file_name: str = "",
    content_type: str = "",
    action: ImportAction = ImportAction.UPSERT,
    mode: ImportMode = ImportMode.APPLY,
    is_atomic: bool = False,
    is_snapshot: bool = False,
    drop_status: str = "",
    max_drop: int | None = None,
    uploaded_by: User | None = None,
    request_id: str = "",
) -> Import:
    """Store an uploaded file and queue its import.

    Raises: ProgramDoesNotExist; InvalidOption. OSError, DatabaseError: there was no space, for instance. Neither the
    file nor the import is stored then.

    `drop_status` is for snapshots: what absent learners get (one of `DROP_STATUSES`, the first unless given);
    `max_drop` the number of them that needs no second person.
    """
    api.get_program(program_uuid)
    drop_status = _settle_drop_status(kind, is_snapshot, drop_status, max_drop)
    item = Import(
        program_uuid=program_uuid,
        kind=kind,
        action=action,
        mode=mode,
        is_atomic=is_atomic,
        is_snapshot=is_snapshot,
        drop_status=drop_status,
        max_drop=max_drop,
        file_name=file_name[:255],
        content_type=content_type.replace("\0", "")[:100],
        uploaded_by=uploaded_by,
        request_id=request_id,
    )
    storage = item.file.storage
    # Under its own name only: what people call their files may tell who is in them.
    item.file.name = Import.file.field.generate_filename(item, str(item.pk))
    try:
        item.file.name = storage.save(item.file.name, File(file))
        with transaction.atomic():
            item.save(force_insert=True)
            _enqueue(item)
    except BaseException:
        # Where the database cannot tell, the import may stand: pruning finds what is left behind.
        with suppress(DatabaseError, InterfaceError, OSError):
            if not Import.objects.filter(pk=item.pk).exists():
                storage.delete(item.file.name)
        raise
    return item


def _settle_drop_status(kind: ImportKind, is_snapshot: bool, drop_status: str, max_drop: int | None) -> str:
    if not is_snapshot:
        for name, value in (("drop_status", drop_status or None), ("max_drop", max_drop)):
            if value is not None:
                raise InvalidOption(name, "only a snapshot drops learners.")
        return ""
    possible = DROP_STATUSES[kind]
    if drop_status and drop_status not in possible:
        raise InvalidOption("drop_status", f"must be one of {', '.join(possible)} for {kind}.")
    if max_drop is not None and not 0 <= max_drop <= LARGEST_MAX_DROP:
        raise InvalidOption("max_drop", f"must be a number from 0 to {LARGEST_MAX_DROP:,}.")
    return drop_status or possible[0].value


def list_imports(program_uuid: UUID | None = None) -> QuerySet[Import]:
    """Return a program's imports, or all, the latest first, each with its `queue_place` (see `get_import`)."""
    imports = _with_details().order_by("-created", "id")
    return imports if program_uuid is None else imports.filter(program_uuid=program_uuid)


def get_import(import_id: UUID) -> Import:
    """Return an import. Raises: Import.DoesNotExist.

    Its `queue_place` is how many imports of the program are to run before it; None if it does not wait.
    """
    return _with_details().get(pk=import_id)


def _with_details() -> QuerySet[Import]:
    ahead = (
        Import.objects.filter(
            program_uuid=OuterRef("program_uuid"), state__in=RUNNABLE_STATES, created__lt=OuterRef("created")
        )
        .order_by()
        .values("program_uuid")
        .annotate(count=Count("pk"))
        .values("count")
    )
    place = Case(When(state=ImportState.QUEUED, then=Coalesce(Subquery(ahead), 0)))
    return Import.objects.select_related("uploaded_by", "decided_by", "undone_by").annotate(queue_place=place)


def measure_speed(item: Import) -> float | None:
    """Return how many rows a second are planned or applied; None unless that is what happens now."""
    since: datetime | None = {ImportState.PLANNING: item.started_at, ImportState.APPLYING: item.planned_at}.get(
        ImportState(item.state)
    )
    if since is None:
        return None
    rows = item.rows_total if item.state == ImportState.PLANNING else item.rows_done
    return round(rows / max((timezone.now() - since).total_seconds(), 0.001), 1)


def list_decisions(item: Import) -> list[Decision]:
    """Return what can be decided about an import as it stands. One query, for what was applied; else none.

    Whether a certain person may is told by the functions that do it, and so is whether a preview is stale.
    """
    is_possible = {
        Decision.APPLY: item.state == ImportState.FAILED
        or (item.state == ImportState.PLANNED and not _is_all_refused(item)),
        Decision.APPROVE: item.state == ImportState.HELD,
        Decision.DISCARD: item.state in {ImportState.PLANNED, ImportState.HELD},
        Decision.CANCEL: item.state in {*WAITING_STATES, *RUNNABLE_STATES} and not item.is_cancel_asked,
        Decision.UNDO: _why_not_undone(item) is None,
    }
    return [decision for decision in Decision if is_possible[decision]]


def apply_import(import_id: UUID) -> Import:
    """Apply a preview, or resume an import that failed.

    Raises: Import.DoesNotExist; StateConflict. PlanStale: rows have changed since the preview was made, and nothing was
    changed.
    """
    with transaction.atomic():
        item = _lock(import_id)
        if item.state == ImportState.FAILED:
            item.state = ImportState.APPLYING if item.planned_at else ImportState.QUEUED
        elif item.state == ImportState.PLANNED:
            stale_rows = list_stale_rows(item, limit=STALE_ROWS_TOLD)
            if stale_rows:
                raise PlanStale(stale_rows)
            item.mode = ImportMode.APPLY
            item.state = ImportState.HELD if drops_too_many(item) else ImportState.APPLYING
            if _is_all_refused(item):
                raise StateConflict("The plan has rejected rows, so that nothing of it can be applied.")
        else:
            raise StateConflict(f"An import that is {item.get_state_display().lower()} cannot be applied.")
        item.error_code = item.error_message = ""
        item.finished_at = None
        item.is_cancel_asked = False
        _save_state(item)
    return item


def approve_import(import_id: UUID, *, by: User) -> Import:
    """Let a held import go on. Raises: Import.DoesNotExist; StateConflict; SecondPersonNeeded."""
    with transaction.atomic():
        item = _lock_held(import_id, by)
        item.state = ImportState.APPLYING
        _save_state(item)
    return item


def discard_import(import_id: UUID, *, by: User) -> Import:
    """End a held import, or a preview, without applying it.

    Raises: Import.DoesNotExist; StateConflict; SecondPersonNeeded.
    """
    with transaction.atomic():
        item = _lock(import_id)
        if item.state != ImportState.PLANNED:
            item = _lock_held(import_id, by)
        item.decided_by = by
        item.state = ImportState.DISCARDED
        item.finished_at = timezone.now()
        _save_state(item)
    return item


def cancel_import(import_id: UUID) -> Import:
    """Stop an import; what it has applied stands. One that runs stops at its next chunk.

    Raises: Import.DoesNotExist; StateConflict.
    """
    with transaction.atomic():
        item = _lock(import_id)
        if item.state in WAITING_STATES:
            item.state = ImportState.CANCELED
            item.finished_at = timezone.now()
        elif item.state in RUNNABLE_STATES:
            item.is_cancel_asked = True
        else:
            raise StateConflict(f"An import that is {item.get_state_display().lower()} cannot be canceled.")
        _save_state(item)
    return item


def undo_import(
    import_id: UUID, *, mode: ImportMode = ImportMode.APPLY, by: User | None = None, request_id: str = ""
) -> Import:
    """Queue the import that puts back what this one changed, where nothing has changed since.

    Raises: Import.DoesNotExist. StateConflict: it changed nothing, was undone already, or is too old.
    """
    with transaction.atomic():
        undone = lock_with_undo(import_id)
        if undone is None:
            raise Import.DoesNotExist
        # A preview of an undo that was not applied may be made anew.
        superseded = Import.objects.filter(NEVER_APPLIED, undoes=undone)
        superseded.filter(state=ImportState.PLANNED).update(state=ImportState.DISCARDED, finished_at=timezone.now())
        superseded.update(undoes=None)
        if reason := _why_not_undone(undone):
            raise StateConflict(reason)
        item = Import.objects.create(
            program_uuid=undone.program_uuid,
            kind=undone.kind,
            action=ImportAction.UPDATE,
            mode=mode,
            undoes=undone,
            uploaded_by=by,
            request_id=request_id,
        )
        _enqueue(item)
    return item


def _is_all_refused(item: Import) -> bool:
    rejected = item.counts.get(RowOutcome.REJECT, 0)
    return bool(rejected and (item.is_atomic or rejected == item.rows_total))


def _why_not_undone(item: Import) -> str | None:
    """Return why an import cannot be undone; None if it can be."""
    has_applied = item.state in APPLIED_STATES or (
        item.state in {ImportState.CANCELED, ImportState.FAILED} and item.rows_done
    )
    if not has_applied or item.undoes_id or item.finished_at is None:
        return "This import has applied nothing that could be undone."
    if item.finished_at < timezone.now() - timedelta(days=settings.IMPORT_KEPT_DAYS):
        return f"An import can be undone for {settings.IMPORT_KEPT_DAYS} days."
    if Import.objects.filter(undoes=item).exclude(NEVER_APPLIED).exists():
        return "This import is being undone already, or was."
    return None


def _lock(import_id: UUID) -> Import:
    return Import.objects.select_for_update().get(pk=import_id)


def _lock_held(import_id: UUID, by: User) -> Import:
    item = _lock(import_id)
    if item.state != ImportState.HELD:
        raise StateConflict("The import is not held for a decision.")
    if item.uploaded_by_id == by.pk and not by.is_staff:
        raise SecondPersonNeeded("Somebody other than the one who uploaded the file decides about a held import.")
    item.decided_by = by
    return item


def _save_state(item: Import) -> None:
    item.save()
    if item.state in RUNNABLE_STATES:
        _enqueue(item)


def _enqueue(item: Import) -> None:
    run_imports.enqueue(str(item.program_uuid))
