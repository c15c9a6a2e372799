"""Programs as the admin shows them: by title, asked of the catalog once for each page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import connection
from django.http import HttpRequest

from catalog.service import Program, get_catalog
from program_enrollments.models import ProgramEnrollment

# Each step finds the next program by one look into the index; DISTINCT would read an entry for every enrollment.
FIND_PROGRAM_UUIDS_IN_USE = f"""
WITH RECURSIVE in_use AS (
    (SELECT program_uuid FROM {ProgramEnrollment._meta.db_table} ORDER BY program_uuid LIMIT 1)
    UNION ALL
    SELECT (
        SELECT program_uuid FROM {ProgramEnrollment._meta.db_table}
        WHERE program_uuid > in_use.program_uuid ORDER BY program_uuid LIMIT 1
    )
    FROM in_use WHERE in_use.program_uuid IS NOT NULL
)
SELECT program_uuid FROM in_use WHERE program_uuid IS NOT NULL
"""  # noqa: S608 -- identifiers come from our models

_programs_by_request: WeakKeyDictionary[HttpRequest, dict[UUID, Program]] = WeakKeyDictionary()


def list_programs_in_use(request: HttpRequest) -> dict[UUID, Program]:
    """Return {uuid: program} of the programs with enrollments, by title; asked for once in a request."""
    if request not in _programs_by_request:
        uuids = _list_program_uuids_in_use()
        programs = sorted(get_catalog().list_programs(uuids), key=lambda program: program.title)
        _programs_by_request[request] = {program.uuid: program for program in programs}
    return _programs_by_request[request]


def attach_programs(request: HttpRequest, rows: Sequence[Any]) -> None:
    """Give each enrollment its program as `program`, None if the catalog does not have it.

    Program enrollments get the name of their curriculum too, as `curriculum_name`; None likewise.
    """
    programs = _programs_by_request.get(request)  # those of a list, whose filters have asked for all in use
    if programs is None:
        uuids = {get_enrollment(row).program_uuid for row in rows}
        programs = {program.uuid: program for program in get_catalog().list_programs(uuids)}
    curriculum_uuids = {row.curriculum_uuid for row in rows if isinstance(row, ProgramEnrollment)}
    names = get_catalog().list_curriculum_names(curriculum_uuids) if curriculum_uuids else {}
    for row in rows:
        row.program = programs.get(get_enrollment(row).program_uuid)
        if isinstance(row, ProgramEnrollment):
            row.curriculum_name = names.get(row.curriculum_uuid)  # type: ignore[attr-defined]  # for the admin alone


def get_enrollment(row: Any) -> ProgramEnrollment:
    """Return the program enrollment that the row is, or stands beneath."""
    enrollment: ProgramEnrollment = row if isinstance(row, ProgramEnrollment) else row.program_enrollment
    return enrollment


def _list_program_uuids_in_use() -> list[UUID]:
    """Return the uuids of the programs with enrollments, each once; the cost grows with their number alone."""
    with connection.cursor() as cursor:
        cursor.execute(FIND_PROGRAM_UUIDS_IN_USE)
        return [uuid for (uuid,) in cursor.fetchall()]
