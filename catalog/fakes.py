"""A catalog in memory, for tests and for sites that build theirs from records."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from opaque_keys.edx.keys import CourseKey

from catalog.program_types import slug_of_type
from catalog.service import Course, CourseRun, Curriculum, Organization, Program, RunPlacement


@dataclass(frozen=True, slots=True)
class ProgramContent:
    """A program with its own courses and its curricula, all in order."""

    program: Program
    courses: tuple[Course, ...] = ()
    curricula: tuple[Curriculum, ...] = ()

    def iter_courses(self) -> Iterator[Course]:
        """Yield the program's own courses and its curricula's, not those of child programs."""
        for courses in (self.courses, *(curriculum.courses for curriculum in self.curricula)):
            yield from courses

    def iter_course_runs(self) -> Iterator[CourseRun]:
        """Yield the runs of these courses."""
        for course in self.iter_courses():
            yield from course.runs


class InMemoryCatalog:
    """Implements `Catalog` on what it is given: programs with their contents, in catalog order."""

    def __init__(self, contents: Iterable[ProgramContent] = ()) -> None:
        self._contents = {content.program.uuid: content for content in contents}

    def find_program(self, program_uuid: UUID) -> Program | None:
        """See `Catalog`."""
        content = self._contents.get(program_uuid)
        return content.program if content else None

    def find_program_by_key(self, program_key: str) -> Program | None:
        """See `Catalog`."""
        return next((program for program in self._programs() if program.key == program_key), None)

    def list_all_programs(self) -> list[Program]:
        """See `Catalog`."""
        return list(self._programs())

    def list_programs(self, program_uuids: Collection[UUID]) -> list[Program]:
        """See `Catalog`."""
        return [program for program in self._programs() if program.uuid in program_uuids]

    def list_programs_of_type(self, program_type: str) -> list[Program]:
        """See `Catalog`."""
        wanted = slug_of_type(program_type)
        return [program for program in self._programs() if slug_of_type(program.type) == wanted]

    def list_programs_with_course_runs(self, course_keys: Collection[CourseKey]) -> list[Program]:
        """See `Catalog`."""
        return [p for p in self._programs() if not self.list_course_run_keys(p.uuid).isdisjoint(course_keys)]

    def list_programs_of_organization(self, organization_key: str) -> list[Program] | None:
        """See `Catalog`. An organization is known by the programs that it authors."""
        programs = [p for p in self._programs() if organization_key in _organization_keys(p.authoring_organizations)]
        return programs or None

    def list_programs_of_organizations(self, organization_keys: Collection[str]) -> list[Program]:
        """See `Catalog`."""
        wanted = set(organization_keys)
        return [p for p in self._programs() if not wanted.isdisjoint(_organization_keys(p.authoring_organizations))]

    def list_curricula(self, program_uuid: UUID) -> list[Curriculum]:
        """See `Catalog`."""
        content = self._contents.get(program_uuid)
        return list(content.curricula) if content else []

    def list_curriculum_uuids(self, program_uuids: Collection[UUID]) -> dict[UUID, dict[UUID, bool]]:
        """See `Catalog`."""
        return {
            program_uuid: {curriculum.uuid: curriculum.is_active for curriculum in self.list_curricula(program_uuid)}
            for program_uuid in program_uuids
        }

    def list_curriculum_names(self, curriculum_uuids: Collection[UUID]) -> dict[UUID, str]:
        """See `Catalog`."""
        curricula = [curriculum for content in self._contents.values() for curriculum in content.curricula]
        return {curriculum.uuid: curriculum.name for curriculum in curricula if curriculum.uuid in curriculum_uuids}

    def find_course_run(self, course_key: CourseKey) -> CourseRun | None:
        """See `Catalog`."""
        return next(iter(self.list_course_runs([course_key])), None)

    def list_course_runs(self, course_keys: Collection[CourseKey]) -> list[CourseRun]:
        """See `Catalog`."""
        runs = {run.key: run for content in self._contents.values() for run in content.iter_course_runs()}
        return [run for run in runs.values() if run.key in course_keys]

    def search_course_run_keys(self, text: str, *, limit: int) -> list[CourseKey]:
        """See `Catalog`."""
        wanted = text.casefold()
        courses = [course for content in self._contents.values() for course in content.iter_courses()]
        found = {
            run.key: None
            for course in courses
            for run in course.runs
            if any(wanted in name.casefold() for name in (str(run.key), run.title, course.title))
        }
        return list(found)[:limit]

    def list_course_run_keys(self, program_uuid: UUID) -> frozenset[CourseKey]:
        """See `Catalog`."""
        return self._keys_in([program_uuid])

    def find_run_placement(self, program_uuid: UUID, course_key: CourseKey) -> RunPlacement:
        """See `Catalog`."""
        holders = [
            curriculum.uuid
            for curriculum in self.list_curricula(program_uuid)
            if course_key in {run.key for course in curriculum.courses for run in course.runs}
            or course_key in self._keys_in(curriculum.child_program_uuids)
        ]
        in_program = course_key in self.list_course_run_keys(program_uuid)
        return RunPlacement(in_program=in_program, curriculum_uuids=frozenset(holders))

    def _programs(self) -> Iterator[Program]:
        return (content.program for content in self._contents.values())

    def _keys_in(self, program_uuids: Iterable[UUID]) -> frozenset[CourseKey]:
        """Return the keys of all runs in these programs; each is visited once, so a cycle ends."""
        keys: set[CourseKey] = set()
        waiting, seen = list(program_uuids), set()
        while waiting:
            content = self._contents.get(waiting.pop())
            if content is None or content.program.uuid in seen:
                continue
            seen.add(content.program.uuid)
            keys.update(run.key for run in content.iter_course_runs())
            first_active = next((curriculum for curriculum in content.curricula if curriculum.is_active), None)
            waiting.extend(first_active.child_program_uuids if first_active else ())
        return frozenset(keys)


def _organization_keys(organizations: Iterable[Organization]) -> set[str]:
    return {organization.key for organization in organizations}
