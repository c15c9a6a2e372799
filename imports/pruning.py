"""Deleting imports that are kept no longer."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from imports.constants import RUNNABLE_STATES, ImportState
from imports.locking import lock_with_undo
from imports.models import Import, ImportRow
from imports.stray_files import delete_stray_files

STATES_THAT_MAY_GO_ON = (*RUNNABLE_STATES, ImportState.PLANNED, ImportState.FAILED)


def prune_imports() -> int:
    """Delete imports that ended longer ago than the setting `IMPORT_KEPT_DAYS`, with rows and files.

    Previews, and imports that were held, end where nobody went on with them. An import stays while an undo of it may go
    on. Files that no import has are deleted, too. Returns how many imports. Each is committed on its own.
    """
    oldest = timezone.now() - timedelta(days=settings.IMPORT_KEPT_DAYS)
    is_left_alone = Q(state__in=[ImportState.PLANNED, ImportState.HELD], planned_at__lt=oldest)
    old = Import.objects.filter(Q(finished_at__lt=oldest) | is_left_alone)
    pruned = 0
    for import_id in list(old.order_by("created").values_list("pk", flat=True)):
        with transaction.atomic():
            # Somebody may go on with it at this moment.
            item = lock_with_undo(import_id)
            if item is None or not old.filter(pk=import_id).exists():
                continue
            undo = Import.objects.filter(undoes=item)
            if undo.filter(state__in=STATES_THAT_MAY_GO_ON).exists():
                continue
            undo.update(undoes=None)
            rows = ImportRow.objects.filter(owner=item)
            rows._raw_delete(rows.db)
            item.delete()
        item.file.delete(save=False)
        pruned += 1
    delete_stray_files(Import.file.field)
    return pruned
