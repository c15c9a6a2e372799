"""Deleting imports that are kept no longer."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from imports.models import Import, ImportRow


def prune_imports() -> int:
    """Delete imports that ended longer ago than the setting `IMPORT_KEPT_DAYS`, with rows and files.

    Returns how many. Some at a time, each committed on its own.
    """
    oldest = timezone.now() - timedelta(days=settings.IMPORT_KEPT_DAYS)
    pruned = 0
    for item in Import.objects.filter(finished_at__lt=oldest).order_by("finished_at").iterator():
        with transaction.atomic():
            Import.objects.filter(undoes=item).update(undoes=None)
            rows = ImportRow.objects.filter(owner=item)
            rows._raw_delete(rows.db)
            item.delete()
        item.file.delete(save=False)
        pruned += 1
    return pruned
