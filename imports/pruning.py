"""Deleting imports that are kept no longer."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from imports.constants import ImportState
from imports.locking import lock_with_undo
from imports.models import FILES_FOLDER, Import, ImportRow

LONGEST_UPLOAD = timedelta(days=1)
"""A younger file may have an import that is not stored yet."""


def prune_imports() -> int:
    """Delete imports that ended longer ago than the setting `IMPORT_KEPT_DAYS`, with rows and files.

    Previews, and imports that were held, end where nobody went on with them. Files that no import has are deleted, too.
    Returns how many imports. Each is committed on its own.
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
            Import.objects.filter(undoes=item).update(undoes=None)
            rows = ImportRow.objects.filter(owner=item)
            rows._raw_delete(rows.db)
            item.delete()
        item.file.delete(save=False)
        pruned += 1
    _delete_stray_files()
    return pruned


def _delete_stray_files() -> None:
    """Delete what was left behind where the service died between storing a file and storing its import."""
    storage = Import.file.field.storage
    latest = timezone.now() - LONGEST_UPLOAD
    with suppress(FileNotFoundError):  # nothing was uploaded yet, or another worker is at it
        names = list(_list_files(storage, FILES_FOLDER))
        known = set(Import.objects.values_list("file", flat=True))
        for name in names:
            if name not in known and storage.get_modified_time(name) < latest:
                storage.delete(name)


def _list_files(storage: Storage, folder: str) -> Iterator[str]:
    folders, files = storage.listdir(folder)
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _list_files(storage, f"{folder}/{name}")
