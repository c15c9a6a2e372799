"""Programs as the admin shows them: by title, asked of the catalog once for each page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.http import HttpRequest

from catalog.service import Program, get_catalog
from program_enrollments.models import ProgramEnrollment

_programs_by_request: WeakKeyDictionary[HttpRequest, dict[UUID, Program]] = WeakKeyDictionary()


def list_programs_in_use(request: HttpRequest) -> dict[UUID, Program]:
    """Return {uuid: program} of the programs with enrollments, by title; asked for once in a request."""
    if request not in _programs_by_request:
        uuids = ProgramEnrollment.objects.order_by().values_list("program_uuid", flat=True).distinct()
        programs = sorted(get_catalog().list_programs(list(uuids)), key=lambda program: program.title)
        _programs_by_request[request] = {program.uuid: program for program in programs}
    return _programs_by_request[request]


def attach_programs(request: HttpRequest, rows: Sequence[Any]) -> None:
    """Give each enrollment its program as `program`, None if the catalog does not have it.

    Program enrollments get the name of their curriculum too, as `curriculum_name`; None likewise.
    """
    programs = list_programs_in_use(request)
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
