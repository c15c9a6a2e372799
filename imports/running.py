"""Carrying an import through its states (imports page): planned, then applied in chunks, each with its progress.

One worker runs the imports of a program at a time, in the order they came; it holds the program's lock for as long as
its connection to the database lives. An import that lost its worker is taken up where the last chunk ended.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from threading import Event
from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program
from imports.constants import (
    ALL_ROWS_REJECTED,
    LEAST_MAX_DROP,
    MAX_DROP_SHARE,
    RUNNABLE_STATES,
    ImportKind,
    ImportMode,
    ImportState,
    RowOutcome,
)
from imports.copying import NextRow, PlannedRow, read_next_names, read_next_rows, read_rows, rewrite_rows
from imports.exceptions import ImportCanceled, RowRefused, WorkerStopping
from imports.files import FileRefused, open_roster
from imports.locking import lock_number, lock_with_undo
from imports.models import Import
from imports.plan_statements import (
    add_drops,
    clear_plan,
    count_outcomes,
    make_planned_rows,
    settle_repeated_rows,
)
from imports.planning import (
    HeldInRun,
    Place,
    as_course_record,
    find_held,
    group_by_course_run,
    make_planner,
    settle_course_rows,
    settle_drop,
    settle_program_row,
)
from imports.undoing import carry_out_undo, plan_undo
from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.outages import is_outage

logger = logging.getLogger(__name__)

PLANNED_AT_ONCE = 5000
APPLIED_AT_ONCE = 1000
"""Rows of a chunk: few enough for progress every second and for short locks, many enough to be quick."""


@contextmanager
def program_lock(program_uuid: UUID) -> Iterator[bool]:
    """Try to become the one who runs the program's imports; yields whether that worked."""
    number = lock_number(f"imports:{program_uuid}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours and _is_connected():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def run_imports_of_program(program_uuid: UUID) -> bool:
    """Run what is there to run, in the order it came, unless a worker is at it.

    Returns False if something is left, because this process is to end.
    """
    # Look again after letting the lock go: whoever found it taken has left the import that was queued meanwhile to us.
    while _find_next(program_uuid):
        with program_lock(program_uuid) as is_ours:
            if not is_ours:
                return True
            while item := _find_next(program_uuid):
                try:
                    run_import(item)
                except WorkerStopping:
                    return False
    return True


def _find_next(program_uuid: UUID) -> Import | None:
    runnable = Import.objects.filter(program_uuid=program_uuid, state__in=RUNNABLE_STATES)
    return runnable.order_by("created", "id").first()


def run_import(item: Import) -> None:
    """Carry one import as far as it goes by itself. The caller holds the program's lock.

    Raises: DatabaseError, InterfaceError, CatalogUnavailable, OSError: the database, the catalog or the file storage
    cannot be used; the import is taken up again later.
    """
    try:
        # By itself, Django leaves what goes wrong in a COPY as the driver says it.
        with connection.wrap_database_errors:
            if item.state != ImportState.APPLYING:
                _plan(item)
            if item.state == ImportState.APPLYING:
                _apply(item)
    except WorkerStopping:
        logger.info("Import %s waits for another worker.", item.pk)
        raise
    except ImportCanceled:
        _finish(item, ImportState.CANCELED)
    except Exception as fault:
        if _is_outage(fault):
            raise
        # Whatever it is, it is our fault: say so on the import, where people look, and go on with the next one. The
        # fault's own text may quote a row, and with it a learner.
        frames = "".join(traceback.format_tb(fault.__traceback__))
        logger.error("Import %s failed: %s.\n%s", item.pk, type(fault).__name__, frames)  # noqa: TRY400 -- see above
        _finish(
            item,
            ImportState.FAILED,
            error_code="internal_error",
            error_message="The import failed by a fault of the service. What it applied until then stands; it can be "
            "resumed with apply.",
        )


def _is_connected() -> bool:
    return connection.connection is not None and connection.is_usable()


def _is_outage(fault: Exception) -> bool:
    """Tell whether what could not be done will be possible again: no space, no connection, no storage."""
    if isinstance(fault, OSError):
        return not isinstance(fault, FileNotFoundError)
    return is_outage(fault)


def _plan(item: Import) -> None:
    if not _begin_planning(item):
        return
    clear_plan(item)
    program = api.get_program(item.program_uuid)
    try:
        if item.undoes_id:
            plan_undo(item)
        else:
            _plan_file(item, program)
    except FileRefused as refusal:
        _finish(item, ImportState.REJECTED, error_code=refusal.code, error_message=str(refusal))
        return
    with transaction.atomic():
        if item.is_snapshot:
            item.scope_active = add_drops(item)
        item.counts = count_outcomes(item)
        item.rows_total = sum(item.counts.values())
        item.planned_at = timezone.now()
        item.save(update_fields=["scope_active", "counts", "rows_total", "planned_at", "modified"])
    _decide_after_planning(item)


def _begin_planning(item: Import) -> bool:
    """Tell whether the import is still there to be planned: somebody may have canceled it since it was found."""
    with transaction.atomic():
        is_waiting = Import.objects.select_for_update().filter(
            pk=item.pk, state__in=(ImportState.QUEUED, ImportState.PLANNING)
        )
        if not is_waiting.exists():
            return False
        _update(item, state=ImportState.PLANNING, started_at=item.started_at or timezone.now(), rows_total=0)
    return True


def _plan_file(item: Import, program: Program) -> None:
    with item.file.open("rb") as file:
        roster = open_roster(
            cast(BinaryIO, file),
            kind=item.kind,
            content_type=item.content_type,
            file_name=item.file_name,
            max_rows=settings.IMPORT_MAX_ROWS,
        )
        notes = roster.notes
        _update(
            item,
            encoding=notes.encoding,
            delimiter=notes.delimiter or "",
            unknown_columns=list(notes.unknown_columns),
            header=list(roster.header),
        )
        planner = make_planner(item, program)
        rows = iter(roster)
        seen = _PlacesSeen()
        repeated_keys: set[str] = set()
        while chunk := list(islice(rows, PLANNED_AT_ONCE)):
            _stop_if_asked(item)
            with transaction.atomic():
                _write_without_waiting()
                places = planner.plan(chunk)
                _update(item, rows_total=item.rows_total + len(chunk))
            repeated_keys.update(seen.find_repeated_keys(places))
    if roster.notes != notes:  # lines of NDJSON may each have unknown members
        _update(item, unknown_columns=list(roster.notes.unknown_columns))
    if repeated_keys:
        settle_repeated_rows(item, repeated_keys)


def _write_without_waiting() -> None:
    """Let the transaction end before it is on the disk.

    What a crash of the database takes away goes with its progress, and is done again. Whatever is committed later, the
    end of the import for one, is on the disk only after it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


class _PlacesSeen:
    """Remembers places of a file in 16 MB, however many: it may take a place for another, but misses none."""

    BITS = 2**27

    def __init__(self) -> None:
        self._marks = bytearray(self.BITS // 8)

    def find_repeated_keys(self, places: Iterable[Place]) -> Iterator[str]:
        """Remember the places; yield the student keys of those that may have come before."""
        for student_key, number in places:
            index, mark = number % self.BITS // 8, 1 << number % 8
            if self._marks[index] & mark and student_key:
                yield student_key
            self._marks[index] |= mark


@transaction.atomic
def _decide_after_planning(item: Import) -> None:
    # Under its lock, a cancellation comes either before, and is seen, or after, and finds the state that this sets.
    if Import.objects.select_for_update().values_list("is_cancel_asked", flat=True).get(pk=item.pk):
        raise ImportCanceled
    rejected = item.counts.get(RowOutcome.REJECT, 0)
    if item.mode == ImportMode.PREVIEW:
        _update(item, state=ImportState.PLANNED)
    elif rejected and (item.is_atomic or rejected == item.rows_total):
        _finish(item, ImportState.REJECTED, **_explain_rejection(item, rejected))
    elif drops_too_many(item):
        _update(item, state=ImportState.HELD)
    else:
        _update(item, state=ImportState.APPLYING)


def drops_too_many(item: Import) -> bool:
    """Tell whether the plan is a mass change that waits for a person."""
    if not item.is_snapshot:
        return False
    limit = item.max_drop
    if limit is None:
        limit = max(LEAST_MAX_DROP, int(MAX_DROP_SHARE * (item.scope_active or 0)))
    return bool(item.counts.get(RowOutcome.DROP, 0) > limit)


def _explain_rejection(item: Import, rejected: int) -> dict[str, str]:
    if item.is_atomic:
        return {
            "error_code": "rows_rejected",
            "error_message": f"{rejected} of {item.rows_total} rows are rejected, and the import is all or nothing.",
        }
    return {"error_code": ALL_ROWS_REJECTED, "error_message": "No row could be applied."}


def _apply(item: Import) -> None:
    program = api.get_program(item.program_uuid)
    if item.is_atomic:
        _apply_whole(item, program)
    else:
        is_left = True
        while is_left:
            _stop_if_asked(item)
            with transaction.atomic():
                _write_without_waiting()
                is_left = _apply_chunk(item, program)
                _update(item, **_progress(item))
    if item.state == ImportState.APPLYING:
        _finish_applied(item)


def _apply_whole(item: Import, program: Program) -> None:
    item.rows_done = 0
    try:
        with _shown_progress(item) as show, transaction.atomic():
            api.lock_out_other_writers()
            while _apply_chunk(item, program):
                show()
                _stop_if_asked(item)
            # Not before: whoever wants to cancel the import needs its row.
            _update(item, **_progress(item))
    except RowRefused as refusal:
        item.refresh_from_db()
        # At once: an import that is resumed with rejects in its plan would be applied without them.
        with transaction.atomic():
            rewrite_rows(item.pk, refusal.rows)
            item.counts = count_outcomes(item)
            _finish(item, ImportState.REJECTED, counts=item.counts, **_explain_rejection(item, len(refusal.rows)))


@contextmanager
def _shown_progress(item: Import) -> Iterator[Callable[[], None]]:
    """Yield what tells how far an import is whose transaction has not ended; takes it back where that fails."""

    def show() -> None:
        with other_connection.cursor() as cursor:
            cursor.execute("UPDATE imports_import SET rows_done = %s WHERE id = %s", [item.rows_done, item.pk])

    with closing(connection.copy()) as other_connection:
        try:
            yield show
        except BaseException:
            item.rows_done = 0
            with suppress(DatabaseError, InterfaceError):
                show()
            raise


def _apply_chunk(item: Import, program: Program) -> bool:
    """Carry out the next rows, in the caller's transaction, and note the progress on `item`.

    Returns False when none were left.
    """
    if item.kind == ImportKind.PROGRAM_ENROLLMENTS and not item.undoes_id:
        return _apply_program_chunk(item, program)
    rows = read_next_rows(item, at_most=APPLIED_AT_ONCE)
    if not rows:
        return False
    todo = [row for row in rows if row.outcome != RowOutcome.REJECT and not row.result]
    with _rewriting(item, todo):
        _carry_out(item, program, todo)
    item.done_course_key, item.done_position = rows[-1].course_key, rows[-1].position
    item.rows_done += len(rows)
    return True


def _apply_program_chunk(item: Import, program: Program) -> bool:
    rows = read_next_names(item, at_most=APPLIED_AT_ONCE)
    if not rows:
        return False
    todo = [row for row in rows if row.is_todo]
    names = [api.RowName(row.position, row.student_key) for row in todo if not row.is_drop]
    drops = [row.position for row in todo if row.is_drop]
    action = WriteAction(item.action)
    layers = list(_layers_of_distinct_learners(names)) if action is WriteAction.UPDATE else [names]
    if len(layers) > 1 or (names and drops):
        _lock_for_several_writes(item, program, todo)
    answers = {}
    for layer in layers:
        for answer in api.carry_out_program_rows(
            program=program,
            action=action,
            rows=layer,
            as_query=partial(make_planned_rows, item.pk),
            source=_source(item),
            others_are_locked_out=item.is_atomic,
        ):
            answers[answer.input_order] = answer
    if answers:
        with _rewriting(item, read_rows(item, answers)) as answered:
            for row in answered:
                settle_program_row(row, answers[row.position])
    if drops:
        with _rewriting(item, read_rows(item, drops)) as dropped:
            _drop(item, program, dropped)
    item.done_position = rows[-1].position
    item.rows_done += len(rows)
    return True


@contextmanager
def _rewriting(item: Import, rows: list[PlannedRow]) -> Iterator[list[PlannedRow]]:
    """Store what becomes of the rows within, where it is not what was planned.

    Raises: RowRefused: one has become a reject, and the import is all or nothing.
    """
    planned = [replace(row) for row in rows]
    yield rows
    changed = []
    for row, former in zip(rows, planned, strict=True):
        if row != former:
            changed.append(row)
            item.counts[former.outcome] -= 1
            item.counts[row.outcome] = item.counts.get(row.outcome, 0) + 1
    refused = [row for row in changed if row.outcome == RowOutcome.REJECT]
    if refused and item.is_atomic:
        raise RowRefused(refused)
    if changed:
        rewrite_rows(item.pk, changed)


def _layers_of_distinct_learners(rows: Sequence[api.RowName]) -> Iterator[list[api.RowName]]:
    """Yield the rows in sets in which no learner comes twice: several updates may fall on one enrollment."""
    remaining = list(rows)
    while remaining:
        layer: dict[str, api.RowName] = {}
        later = []
        for row in remaining:
            if layer.setdefault(row.student_key, row) is not row:
                later.append(row)
        yield list(layer.values())
        remaining = later


def _progress(item: Import) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("done_course_key", "done_position", "rows_done", "counts")}


def _source(item: Import) -> api.ChangeSource:
    return api.ChangeSource(user_id=item.uploaded_by_id, reason=f"import {item.pk}")


def _carry_out(item: Import, program: Program, rows: Sequence[PlannedRow]) -> None:
    if item.undoes_id:
        carry_out_undo(item, program, rows, _source(item))
        return
    drops = [row for row in rows if row.outcome == RowOutcome.DROP]
    groups = list(group_by_course_run([row for row in rows if row.outcome != RowOutcome.DROP]))
    if len(groups) > 1 or (groups and drops):
        _lock_for_several_writes(item, program, rows)
    for course_key, group in groups:
        _carry_out_in_course_run(item, program, course_key, group)
    if drops:
        _drop(item, program, drops)


def _lock_for_several_writes(item: Import, program: Program, rows: Iterable[PlannedRow | NextRow]) -> None:
    if not item.is_atomic:
        api.lock_for_several_writes(program, {row.student_key for row in rows})


def _drop(item: Import, program: Program, rows: Sequence[PlannedRow]) -> None:
    """Give learners who are absent from a snapshot its status, where they are active still."""
    student_keys = {row.enrollment_id: row.student_key for row in rows if row.enrollment_id is not None}
    if item.kind == ImportKind.COURSE_ENROLLMENTS:
        standing = api.drop_program_course_enrollments(
            student_keys,
            item.drop_status,
            program=program,
            source=_source(item),
            others_are_locked_out=item.is_atomic,
        )
    else:
        standing = api.drop_program_enrollments(student_keys, item.drop_status, source=_source(item))
    for row in rows:
        settle_drop(row, standing.get(row.enrollment_id or 0), item.kind)


def _carry_out_in_course_run(item: Import, program: Program, course_key: CourseKey, rows: list[PlannedRow]) -> None:
    held = HeldInRun(set(), {})

    def observe(decided: Sequence[api.CourseDecision]) -> None:
        held.update(find_held(decided, course_key))

    decisions = api.carry_out_program_course_enrollments(
        program=program,
        course_key=course_key,
        placement=api.get_run_placement(program, course_key),
        action=WriteAction(item.action),
        records=[as_course_record(row) for row in rows],
        source=_source(item),
        others_are_locked_out=item.is_atomic,
        observe=observe,
    )
    settle_course_rows(rows, decisions, held)


def _finish_applied(item: Import) -> None:
    rejected = item.counts.get(RowOutcome.REJECT, 0)
    if rejected and rejected == item.rows_total:
        _finish(item, ImportState.REJECTED, **_explain_rejection(item, rejected))
        return
    with transaction.atomic():
        lock_with_undo(item.pk)
        _finish(item, ImportState.APPLIED_WITH_ERRORS if rejected else ImportState.APPLIED, rows_done=item.rows_total)
        if item.undoes_id:
            Import.objects.filter(pk=item.undoes_id).update(state=ImportState.UNDONE, modified=timezone.now())


_is_stopping = Event()


def stop_running() -> None:
    """Let the import that runs in this process end after its chunk, for another worker to go on with."""
    _is_stopping.set()


def _stop_if_asked(item: Import) -> None:
    if _is_stopping.is_set():
        raise WorkerStopping
    if Import.objects.filter(pk=item.pk, is_cancel_asked=True).exists():
        raise ImportCanceled


def _finish(item: Import, state: ImportState, **fields: object) -> None:
    _update(item, state=state, finished_at=timezone.now(), **fields)


def _update(item: Import, **fields: object) -> None:
    for name, value in fields.items():
        setattr(item, name, value)
    item.save(update_fields=[*fields, "modified"])
