"""Asking the catalog about the program and course run of a request; refusals are the contract's (section 3)."""

from uuid import UUID

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, RunPlacement, get_catalog
from program_enrollments.exceptions import CourseDoesNotExist, CourseNotInProgram, ProgramDoesNotExist


def get_program(program_uuid: UUID) -> Program:
    """Return the program. Raises: ProgramDoesNotExist."""
    program = get_catalog().find_program(program_uuid)
    if program is None:
        raise ProgramDoesNotExist(f"There is no program {program_uuid}.")
    return program


def parse_course_key(text: str) -> CourseKey:
    """Return the course key that the text spells. Raises: CourseDoesNotExist: it spells none."""
    try:
        key = CourseKey.from_string(text)
    except InvalidKeyError as error:
        raise CourseDoesNotExist(f"{text!r} is not a course run key.") from error
    if str(key) != text or getattr(key, "branch", None) or getattr(key, "version_guid", None):
        # Keys of a branch or version name something within a run.
        raise CourseDoesNotExist(f"{text!r} is not a course run key.")
    return key


def get_run_placement(program: Program, course_key: CourseKey) -> RunPlacement:
    """Return where the course run stands in the program.

    Raises: CourseDoesNotExist: the catalog has no such run. CourseNotInProgram: it has, elsewhere.
    """
    catalog = get_catalog()
    placement = catalog.find_run_placement(program.uuid, course_key)
    if placement.in_program:
        return placement
    if catalog.find_course_run(course_key) is None:
        raise CourseDoesNotExist(f"There is no course run {course_key}.")
    raise CourseNotInProgram(f"Course run {course_key} is not in program {program.uuid}.")


def find_administering_organization_key(program: Program) -> str | None:
    """Return the key of the program's first authoring organization, by which learners are known (section 9)."""
    return program.authoring_organizations[0].key if program.authoring_organizations else None


def list_administered_program_uuids(organization_key: str) -> list[UUID]:
    """Return the programs of which the organization is the first author."""
    programs = get_catalog().list_programs_of_organization(organization_key) or []
    return [program.uuid for program in programs if find_administering_organization_key(program) == organization_key]
