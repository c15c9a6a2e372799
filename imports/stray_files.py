"""Deleting stored files that no row names."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

from django.core.files.storage import Storage
from django.db.models import FileField
from django.utils import timezone

LONGEST_UPLOAD: Final = timedelta(days=1)
"""A younger file may have a row that is not stored yet."""


def delete_stray_files(field: FileField) -> None:
    """Delete what was left behind where the service died between a file of this field and its row.

    The field's files lie in a folder of their own, there in one for each year and one for each month.
    """
    folder = str(field.upload_to).partition("/")[0]
    is_ours = re.compile(rf"{re.escape(folder)}/\d{{4}}/\d\d/[^/]+").fullmatch
    latest = timezone.now() - LONGEST_UPLOAD
    with suppress(FileNotFoundError):  # nothing was stored yet, or another worker is at it
        names = [name for name in _list_files(field.storage, folder) if is_ours(name)]
        known = set(field.model._default_manager.values_list(field.name, flat=True))
        for name in names:
            if name not in known and field.storage.get_modified_time(name) < latest:
                field.storage.delete(name)


def _list_files(storage: Storage, folder: str) -> Iterator[str]:
    folders, files = storage.listdir(folder)
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _list_files(storage, f"{folder}/{name}")
