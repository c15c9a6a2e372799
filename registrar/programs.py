"""Programs as a caller may see them, and what the caller may do there."""

from uuid import UUID

from django.conf import settings

from access.service import ProgramAccess, Scope, list_programs_in_reach
from catalog.service import Course, CourseRun, Program, get_catalog
from registrar.constants import ApiPermission
from registrar.exceptions import NotInService

ENROLLMENT_PERMISSIONS = (ApiPermission.READ_ENROLLMENTS, ApiPermission.WRITE_ENROLLMENTS)


def get_program(program_key: str) -> Program:
    """Return the program with this key, compared exactly. Raises: NotInService."""
    program = get_catalog().find_program_by_key(program_key)
    if program is None:
        raise NotInService
    return program


def holds_permission(
    access: ProgramAccess, program: Program, permission: ApiPermission, scope: Scope | None = None
) -> bool:
    """Tell whether the caller has the permission on the program.

    Readers have all but `write_enrollments`, writers all. Enrollments are managed only in programs of the types in the
    setting `REGISTRAR_ENROLLMENT_PROGRAM_TYPES`, also for staff. `scope`: what a token must be good for, if it is not
    the permission's own.
    """
    if permission in ENROLLMENT_PERMISSIONS and program.type not in settings.REGISTRAR_ENROLLMENT_PROGRAM_TYPES:
        return False
    if permission == ApiPermission.WRITE_ENROLLMENTS:
        return access.may_write(program, scope or get_scope(permission))
    return access.may_read(program, scope or get_scope(permission))


def get_scope(permission: ApiPermission) -> Scope:
    """Return what a token must be good for, to have the permission."""
    return Scope.ENROLLMENTS_WRITE if permission == ApiPermission.WRITE_ENROLLMENTS else Scope.ENROLLMENTS_READ


def list_permissions(access: ProgramAccess, program: Program) -> list[str]:
    """Return the caller's permissions on the program, in the order of the alphabet."""
    return sorted(permission.value for permission in ApiPermission if holds_permission(access, program, permission))


def list_programs(
    access: ProgramAccess, *, permission: ApiPermission, organization_key: str = "", title: str = ""
) -> list[Program]:
    """Return the programs on which the caller has the permission, by title; a fixed number of queries.

    `organization_key`: only those that it authors; `title`: only those whose title contains it, in any case.
    Raises: NotInService: there is no such organization.
    """
    catalog = get_catalog()
    programs = catalog.list_all_programs() if access.is_unlimited else list_programs_in_reach(access)
    if organization_key:
        authored = None if "\x00" in organization_key else catalog.list_programs_of_organization(organization_key)
        if authored is None:
            raise NotInService
        authored_uuids = {program.uuid for program in authored}
        programs = [program for program in programs if program.uuid in authored_uuids]
    return sorted(
        (
            program
            for program in programs
            if title.casefold() in get_title(program).casefold() and holds_permission(access, program, permission)
        ),
        key=lambda program: (get_title(program).casefold(), program.key),
    )


def get_title(program: Program) -> str:
    """Return what to call the program: by its key, if it has no title."""
    return program.title or program.key


def find_active_curriculum_uuid(program: Program) -> UUID | None:
    """Return the first active curriculum: the one that clients know of."""
    curricula = get_catalog().list_curriculum_uuids([program.uuid])[program.uuid]
    return next((curriculum_uuid for curriculum_uuid, is_active in curricula.items() if is_active), None)


def list_active_runs(program: Program) -> list[tuple[Course, CourseRun]]:
    """Return the course runs of the active curriculum with their courses, in its order."""
    curricula = get_catalog().list_curricula(program.uuid)
    curriculum = next((curriculum for curriculum in curricula if curriculum.is_active), None)
    return [(course, run) for course in curriculum.courses for run in course.runs] if curriculum else []


class CourseRunFinder:
    """Finds course runs of the program's active curriculum by what clients call them."""

    def __init__(self, program: Program) -> None:
        self._runs: dict[str, CourseRun] = {}
        for _, run in list_active_runs(program):
            for name in (str(run.key), run.external_key):
                if name:
                    self._runs.setdefault(name, run)

    def find(self, course_id: str) -> CourseRun | None:
        """Return the first run whose internal or external key is exactly this text."""
        return self._runs.get(course_id)


def get_course_run(program: Program, course_id: str) -> CourseRun:
    """Return the run that `course_id` names. Raises: NotInService."""
    run = CourseRunFinder(program).find(course_id)
    if run is None:
        raise NotInService
    return run


def name_course_run(run: CourseRun) -> str:
    """Return how results of reads call the run: by the school's own name, if it has one."""
    return run.external_key or str(run.key)
