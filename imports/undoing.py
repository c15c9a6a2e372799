"""Undoing an import: itself an import, whose plan puts back what the other one changed."""

from collections.abc import Sequence

from catalog.service import Program
from imports.constants import ImportKind
from imports.copying import PlannedRow
from imports.models import Import
from imports.plan_statements import add_undos
from imports.planning import reject
from program_enrollments import api


def plan_undo(item: Import) -> None:
    """Fill the plan of an undo; what has been changed since the import is rejected, and listed so."""
    undone = item.undoes
    if undone is None:
        raise ValueError("This import undoes nothing.")
    add_undos(item, undone)


def carry_out_undo(item: Import, program: Program, rows: Sequence[PlannedRow], source: api.ChangeSource) -> None:
    """Put back what the rows say; those that cannot be, by now, become rejects."""
    restorations = [
        api.Restoration(
            student_key=row.student_key,
            enrollment_id=row.enrollment_id or 0,
            expected_status=(row.before or {})["status"],
            status=row.after["status"] if row.after else None,
            course_staff=row.course_staff,
            account=api.AccountInRun(**row.account_before) if row.account_before else None,
        )
        for row in rows
    ]
    restore = (
        api.restore_course_enrollments
        if item.kind == ImportKind.COURSE_ENROLLMENTS
        else api.restore_program_enrollments
    )
    restored = restore(program=program, restorations=restorations, source=source)
    for row in rows:
        if row.enrollment_id not in restored:
            reject(row, "changed_since")
