"""Forgetting learners whom imports name: their rows, and the files in which they stand."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import BinaryIO, TypeVar, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Count, Q, Value, When
from django_tasks_db.models import DBTaskResult

from imports.constants import FINISHED_STATES, ImportState, RowOutcome
from imports.files import MAX_UNPACKED_BYTES, FileRefused
from imports.models import Import, ImportRow
from imports.reading.sources import TextSource
from imports.words import Words
from program_enrollments.constants import ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus

T = TypeVar("T")

MESSAGE_IS_GONE = "The message is gone with the file, which named a learner who was forgotten."

NAMES_NOBODY = {
    "file": "",
    "file_name": "",
    "content_type": "",
    "header": [],
    "unknown_columns": [],
    "delimiter": "",
    "encoding": "",
    # What refuses a file may quote it.
    "error_message": Case(When(error_code="", then=Value("")), default=Value(MESSAGE_IS_GONE)),
}
"""What stays of a file that is deleted: without its columns, its rejected lines are told in ours."""

UNDECIDED_STATES = (ImportState.PLANNED, ImportState.HELD)
"""In which the plan is made, and nothing happens until a person decides."""

REJECTED_CELLS = {
    "student_key": ~Q(student_key=""),
    "status": ~Q(status__in=["", *ProgramEnrollmentStatus.values, *ProgramCourseEnrollmentStatus.values]),
    "course_key": Q(error_code="course_not_in_program"),
    "error_message": Q(error_message__contains='"'),
}
"""{field of a rejected row: where it holds what was sent}, which may be in the wrong column."""


def forget_learners(
    program_uuids: Collection[UUID], student_keys: Collection[str], names: Collection[str], *, is_urgent: bool
) -> dict[str, set[str]]:
    """Take learners out of the rows of finished imports, and delete the uploaded files in which they stand.

    They stand in a file wherever a student key or name does: in any column, in the header, in lines that could not be
    read. Rows stay, without those words, and so do results of other learners. An import that had failed and names a
    learner cannot be resumed any more. Imports that are not finished stay whole: their files are the school's latest
    word. `is_urgent`: plans that wait for a decision lose the rows of these learners, and go for the others only; their
    files are not needed any more. Runs in the caller's transaction; files go once that is committed.
    Returns: {an import that stays whole: the student keys that it names, or may; all where it holds a name}.
    """
    if not (student_keys or names):
        return {}
    words = Words({*student_keys, *names})
    # All are locked, so that none begins, goes on, ends or is decided about while this looks at it.
    imports = list(Import.objects.filter(program_uuid__in=program_uuids).order_by("pk").select_for_update(of=("self",)))
    keys_in_rows = defaultdict[UUID | None, set[str]](set)
    rows = ImportRow.objects.filter(owner__in=imports, student_key__in=student_keys)
    for owner_id, student_key in rows.order_by().values_list("owner_id", "student_key").distinct():
        keys_in_rows[owner_id].add(student_key)
    forgetting_states = (*FINISHED_STATES, *(UNDECIDED_STATES if is_urgent else ()))
    forgetting = [item for item in imports if item.state in forgetting_states]
    # Of these one word is enough: a file of which rows name a learner is not read.
    named = [item for item in forgetting if keys_in_rows[item.pk] or _may_name(item, words)]
    _empty_rows([item for item in named if item.state in FINISHED_STATES], student_keys)
    _take_out_of_plans([item for item in named if item.state in UNDECIDED_STATES], student_keys)
    _empty_rejected_cells(forgetting, words, named)
    _delete_files(named)
    _forget_request_ids(imports, {*student_keys, *names})
    _forget_faults_of_tasks({*student_keys, *names})
    left_alone = [item for item in imports if item.state not in forgetting_states]
    named_by = {item: _find_named(item, set(student_keys), words, keys_in_rows) for item in left_alone}
    return {f"import {item.pk}": keys for item, keys in named_by.items() if keys is not None}


def _may_name(item: Import, words: Words) -> bool:
    """Tell whether one of the words stands in an import's file, or in what is noted of it."""
    noted = (item.file_name, item.content_type, item.error_message, *item.header, *item.unknown_columns)
    return words.are_in(noted) or _read_file(item, words.are_in, absent=False, unreadable=True)


def _find_named(
    item: Import, student_keys: set[str], words: Words, keys_in_rows: defaultdict[UUID | None, set[str]]
) -> set[str] | None:
    """Return those of the keys that an import names, or may; all of them where it holds a name; None for nobody."""
    if item.state == ImportState.PLANNING and item.is_snapshot and student_keys:
        return student_keys  # it may be about to drop any of them
    found = _read_file(item, words.find_in, absent=set[str](), unreadable=None)
    if found is None or not found <= student_keys:
        return student_keys
    in_undone = keys_in_rows[item.undoes_id] if item.undoes_id and item.planned_at is None else set[str]()
    return found | keys_in_rows[item.pk] | in_undone or None


def _read_file(item: Import, read: Callable[[Iterable[str]], T], *, absent: T, unreadable: T) -> T:
    """Return what is read from an import's file as text."""
    if not item.file:
        return absent
    try:
        with item.file.open("rb") as file:
            source = TextSource(cast(BinaryIO, file), max_bytes=MAX_UNPACKED_BYTES, max_lines=MAX_UNPACKED_BYTES)
            with source.open_text() as text:
                return read(text)
    except FileNotFoundError:
        return absent
    except FileRefused:
        return unreadable


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


def _empty_rejected_cells(imports: Sequence[Import], words: Words, named: Sequence[Import]) -> None:
    """Empty what rejected rows hold of the file, where one of the words stands in it.

    `named` are those of the imports that named the learners. What others hold is of files that are gone already.
    """
    rejected = ImportRow.objects.filter(owner__in=imports, outcome=RowOutcome.REJECT).order_by()
    for field, may_hold_cell in REJECTED_CELLS.items():
        texts = rejected.filter(may_hold_cell).values_list(field, flat=True).distinct()
        naming = {text for text in texts.iterator() if words.are_in([text])}
        if not naming:
            continue
        if field == "course_key":
            _step_back([item for item in imports if item.done_course_key in naming])
        rejected.filter(may_hold_cell, **{f"{field}__in": naming}).update(**{field: ""})
    # A quotation that is cut may end within a word.
    rejected.filter(owner__in=named, error_message__contains='\N{HORIZONTAL ELLIPSIS}"').update(error_message="")


def _step_back(imports: Sequence[Import]) -> None:
    """Tell how far imports are by their last row that is in a course run, instead of a rejected one behind it."""
    for item in imports:
        done = item.rows.filter(course_key__lt=item.done_course_key).exclude(outcome=RowOutcome.REJECT)
        last = done.order_by("-course_key", "-position").values_list("course_key", "position").first()
        item.done_course_key, item.done_position = last or ("", 0)
        item.save(update_fields=["done_course_key", "done_position"])


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


def _forget_faults_of_tasks(words: Collection[str]) -> None:
    """Delete the texts of exceptions, in which a row may be quoted."""
    quoting = Q(pk__in=[])
    for word in words:
        quoting |= Q(traceback__contains=word)
    DBTaskResult.objects.exclude(traceback="").filter(quoting).update(traceback="")
