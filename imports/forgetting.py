"""Forgetting learners whom imports name: their rows, and the files in which they stand."""

from collections.abc import Collection
from functools import partial
from typing import BinaryIO, TextIO, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django_tasks_db.models import DBTaskResult

from imports.constants import FINISHED_STATES, ImportState
from imports.files import MAX_UNPACKED_BYTES, FileRefused
from imports.models import Import, ImportRow
from imports.reading.sources import TextSource

NAMES_NOBODY = {"file": "", "file_name": "", "header": [], "delimiter": "", "encoding": ""}
"""What stays of a file that is deleted: without its columns, its rejected lines are told in ours."""


def forget_learners(program_uuids: Collection[UUID], student_keys: Collection[str]) -> None:
    """Take student keys out of the rows of finished imports, and delete the uploaded files in which they stand.

    Rows stay, without the key, and so do results of other learners. Imports that are not finished stay whole: their
    files are the school's latest word. One that had failed and names a learner cannot be resumed any more. Runs in the
    caller's transaction; files go once that is committed.
    """
    finished = Import.objects.filter(program_uuid__in=program_uuids, state__in=FINISHED_STATES)
    rows = ImportRow.objects.filter(owner__in=finished, student_key__in=student_keys)
    with_rows = set(finished.filter(Exists(rows.filter(owner=OuterRef("pk")))).values_list("pk", flat=True))
    naming = [
        item
        for item in finished.exclude(file="").select_for_update(of=("self",))
        if item.pk in with_rows or (item.planned_at is None and _names_any(item, student_keys))
    ]
    rows.update(student_key="", error_message="", error_hint="")
    concerned = finished.filter(pk__in=with_rows | {item.pk for item in naming})
    concerned.filter(state=ImportState.FAILED).update(state=ImportState.DISCARDED)
    concerned.update(**NAMES_NOBODY)
    for item in naming:
        transaction.on_commit(partial(item.file.storage.delete, str(item.file.name)), robust=True)
    _forget_faults_of_tasks(student_keys)


def _names_any(item: Import, student_keys: Collection[str]) -> bool:
    """Tell whether a file that was never planned holds one of the keys; one that cannot be read may hold any."""
    try:
        with item.file.open("rb") as file, _open_text(cast(BinaryIO, file)) as text:
            return any(key in line for line in text for key in student_keys)
    except FileNotFoundError:
        return False
    except FileRefused:
        return True


def _open_text(file: BinaryIO) -> TextIO:
    return TextSource(file, max_bytes=MAX_UNPACKED_BYTES, max_lines=MAX_UNPACKED_BYTES).open_text()


def _forget_faults_of_tasks(student_keys: Collection[str]) -> None:
    """Delete the texts of exceptions, in which a row may be quoted."""
    quoting = Q(pk__in=[])
    for key in student_keys:
        quoting |= Q(traceback__contains=key)
    DBTaskResult.objects.exclude(traceback="").filter(quoting).update(traceback="")
