"""Whose imports somebody sees in the admin, and into which programs that person imports.

Roles open their programs; the permissions to view and to add imports, as everywhere in the admin, open all.
"""

from uuid import UUID
from weakref import WeakKeyDictionary

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from access.service import ProgramAccess, get_role_access, list_programs_in_reach
from catalog.service import Program, get_catalog
from imports.service import Import
from learners.service import User


class Reach:
    """The programs of one person. Asks for the roles and for the programs once."""

    def __init__(self, user: User) -> None:
        self._user = user

    @cached_property
    def _access(self) -> ProgramAccess:
        return get_role_access(self._user)

    @cached_property
    def _programs(self) -> dict[UUID, Program]:
        return {program.uuid: program for program in list_programs_in_reach(self._access)}

    @cached_property
    def _reads_all(self) -> bool:
        return self._user.has_perm("imports.view_import") or self._writes_all

    @cached_property
    def _writes_all(self) -> bool:
        return self._user.has_perm("imports.add_import")

    def may_read_some(self) -> bool:
        """Tell whether there can be imports that the person may see."""
        return self._reads_all or self._access.holds_any_role()

    def may_write_some(self) -> bool:
        """Tell whether there can be programs into which the person may import."""
        return self._writes_all or self._access.holds_writer_role()

    def limit(self, imports: QuerySet[Import]) -> QuerySet[Import]:
        """Return those imports that the person may see."""
        return imports if self._reads_all else imports.filter(program_uuid__in=list(self._programs))

    def may_read(self, program_uuid: UUID) -> bool:
        """Tell whether the person may see the program's imports."""
        return self._reads_all or program_uuid in self._programs

    def may_write(self, program_uuid: UUID) -> bool:
        """Tell whether the person may import into the program, and decide about its imports."""
        if self._writes_all:
            return True
        program = self._programs.get(program_uuid)
        return program is not None and self._access.may_write(program)

    def list_writable_programs(self) -> list[Program]:
        """Return the programs into which the person may import, by title."""
        if self._writes_all:
            programs = get_catalog().list_all_programs()
        else:
            programs = [program for program in self._programs.values() if self._access.may_write(program)]
        return sorted(programs, key=lambda program: program.title.casefold())


_reach_by_request: WeakKeyDictionary[HttpRequest, Reach] = WeakKeyDictionary()


def get_reach(request: HttpRequest) -> Reach:
    """Return the reach of whoever is signed in."""
    if request not in _reach_by_request:
        _reach_by_request[request] = Reach(request.user)  # type: ignore[arg-type]  # the admin lets in accounts only
    return _reach_by_request[request]
