"""Deleting imports that are kept no longer."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from imports.constants import ImportState
from imports.models import Import, ImportRow


def prune_imports() -> int:
    """Delete imports that ended longer ago than the setting `IMPORT_KEPT_DAYS`, with rows and files.

    Previews, and imports that were held, end where nobody went on with them.
    Returns how many. Some at a time, each committed on its own.
    """
    oldest = timezone.now() - timedelta(days=settings.IMPORT_KEPT_DAYS)
    is_left_alone = Q(state__in=[ImportState.PLANNED, ImportState.HELD], planned_at__lt=oldest)
    old = Import.objects.filter(Q(finished_at__lt=oldest) | is_left_alone)
    pruned = 0
    for import_id in list(old.order_by("created").values_list("pk", flat=True)):
        with transaction.atomic():
            # Somebody may go on with it at this moment.
            item = old.select_for_update().filter(pk=import_id).first()
            if item is None:
                continue
            Import.objects.filter(undoes=item).update(undoes=None)
            rows = ImportRow.objects.filter(owner=item)
            rows._raw_delete(rows.db)
            item.delete()
        item.file.delete(save=False)
        pruned += 1
    return pruned
