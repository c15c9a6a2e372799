"""Forgetting learners whom imports name: their rows, and the files in which they stand."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import BinaryIO, TextIO, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django_tasks_db.models import DBTaskResult

from imports.constants import FINISHED_STATES, ImportState
from imports.files import MAX_UNPACKED_BYTES, FileRefused
from imports.models import Import, ImportRow
from imports.reading.sources import TextSource

NAMES_NOBODY = {"file": "", "file_name": "", "header": [], "delimiter": "", "encoding": ""}
"""What stays of a file that is deleted: without its columns, its rejected lines are told in ours."""

UNDECIDED_STATES = (ImportState.PLANNED, ImportState.HELD)
"""In which the plan is made, and nothing happens until a person decides."""

JSON_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
JSON_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def forget_learners(
    program_uuids: Collection[UUID], student_keys: Collection[str], names: Collection[str], *, is_urgent: bool
) -> dict[str, set[str]]:
    """Take student keys out of the rows of finished imports, and delete the uploaded files in which they stand.

    Rows stay, without the key, and so do results of other learners. One that had failed and names a learner cannot be
    resumed any more. Imports that are not finished stay whole: their files are the school's latest word. `is_urgent`:
    plans that wait for a decision lose the rows of these learners, and go for the others only; their files are not
    needed any more. Runs in the caller's transaction; files go once that is committed.
    Returns: {an import that stays whole: the student keys that it names, or may}.
    """
    # All are locked, so that none begins, goes on, ends or is decided about while this looks at it.
    imports = list(Import.objects.filter(program_uuid__in=program_uuids).order_by("pk").select_for_update(of=("self",)))
    keys_in_rows = defaultdict[UUID | None, set[str]](set)
    # Rows without a key are lines that could not be read.
    rows = ImportRow.objects.filter(owner__in=imports, student_key__in={*student_keys, ""})
    for owner_id, student_key in rows.order_by().values_list("owner_id", "student_key").distinct():
        keys_in_rows[owner_id].add(student_key)
    named_by = {item: _find_named(item, set(student_keys), keys_in_rows) for item in imports}
    naming = [item for item, named in named_by.items() if named]
    finished = [item for item in naming if item.state in FINISHED_STATES]
    undecided = [item for item in naming if is_urgent and item.state in UNDECIDED_STATES]
    _empty_rows(finished, student_keys)
    _take_out_of_plans(undecided, student_keys)
    _delete_files([*finished, *undecided])
    _forget_request_ids(imports, {*student_keys, *names})
    _forget_faults_of_tasks(student_keys)
    forgotten = {*finished, *undecided}
    return {f"import {item.pk}": named_by[item] for item in naming if item not in forgotten}


def find_words(lines: Iterable[str], words: Collection[str]) -> set[str]:
    """Return those of the words that stand in a text, as they are or as JSON or CSV spell them."""
    missing = set(words)
    for line in lines:
        if not missing:
            break
        readings = [line]
        if '""' in line:
            readings.append(line.replace('""', '"'))
        if "\\" in line:
            readings.append(_read_json_escapes(line))
        missing -= {word for word in missing if any(word in reading for reading in readings)}
    return set(words) - missing


def _read_json_escapes(text: str) -> str:
    def read(escape: re.Match[str]) -> str:
        code, sign = escape.groups()
        return chr(int(code, 16)) if code else JSON_CONTROLS.get(sign, sign)

    # Two escapes may be the halves of one character.
    return JSON_ESCAPE.sub(read, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _find_named(item: Import, student_keys: set[str], keys_in_rows: defaultdict[UUID | None, set[str]]) -> set[str]:
    """Return those of the keys that an import names, or may."""
    if item.state == ImportState.PLANNING and item.is_snapshot:
        return student_keys  # it may be about to drop any of them
    named = keys_in_rows[item.pk] & student_keys
    if item.planned_at is None:
        named |= keys_in_rows[item.undoes_id] & student_keys if item.undoes_id else set()
    elif "" not in keys_in_rows[item.pk]:
        return named  # every line has its row
    return named | _find_in_file(item, student_keys - named) if item.file else named


def _find_in_file(item: Import, student_keys: set[str]) -> set[str]:
    """Return those of the keys that stand in an import's file; one that cannot be read may hold any."""
    try:
        with item.file.open("rb") as file, _open_text(cast(BinaryIO, file)) as text:
            return find_words(text, student_keys)
    except FileNotFoundError:
        return set()
    except FileRefused:
        return student_keys


def _open_text(file: BinaryIO) -> TextIO:
    return TextSource(file, max_bytes=MAX_UNPACKED_BYTES, max_lines=MAX_UNPACKED_BYTES).open_text()


def _empty_rows(imports: Sequence[Import], student_keys: Collection[str]) -> None:
    rows = ImportRow.objects.filter(owner__in=imports, student_key__in=student_keys)
    rows.update(student_key="", error_message="", error_hint="")
    failed = [item.pk for item in imports if item.state == ImportState.FAILED]
    Import.objects.filter(pk__in=failed).update(state=ImportState.DISCARDED)


def _take_out_of_plans(imports: Sequence[Import], student_keys: Collection[str]) -> None:
    if not imports:
        return
    named = ImportRow.objects.filter(owner__in=imports, student_key__in=student_keys)
    named._raw_delete(named.db)
    for item in imports:
        item.counts = {}
    by_id = {item.pk: item for item in imports}
    left = ImportRow.objects.filter(owner__in=imports).order_by()
    for owner_id, outcome, count in left.values_list("owner_id", "outcome").annotate(Count("position")):
        by_id[owner_id].counts[outcome] = count
    for item in imports:
        item.rows_total = sum(item.counts.values())
    Import.objects.bulk_update(imports, ["counts", "rows_total"])


def _delete_files(imports: Sequence[Import]) -> None:
    Import.objects.filter(pk__in=[item.pk for item in imports]).update(**NAMES_NOBODY)
    for item in imports:
        if item.file:
            transaction.on_commit(partial(item.file.storage.delete, str(item.file.name)), robust=True)


def _forget_request_ids(imports: Sequence[Import], words: Collection[str]) -> None:
    """Take the ids of requests, which clients choose, out of imports, if they hold one of the words."""
    folded = [word.lower() for word in words]
    named = [item.pk for item in imports if any(word in item.request_id.lower() for word in folded)]
    Import.objects.filter(pk__in=named).update(request_id="")


def _forget_faults_of_tasks(student_keys: Collection[str]) -> None:
    """Delete the texts of exceptions, in which a row may be quoted."""
    quoting = Q(pk__in=[])
    for key in student_keys:
        quoting |= Q(traceback__contains=key)
    DBTaskResult.objects.exclude(traceback="").filter(quoting).update(traceback="")
