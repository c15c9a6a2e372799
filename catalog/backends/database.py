"""The catalog backend that reads the mirror in our own database.

The number of queries of each method does not depend on the number of records.
"""

import time
from collections.abc import Collection
from functools import lru_cache
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.core.validators import slug_re
from django.db import connection
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from opaque_keys.edx.keys import CourseKey

from catalog import models
from catalog.backends.containment import find_placement, ids_of_courses_in, ids_of_programs_with
from catalog.constants import Pacing
from catalog.program_types import slug_of_type
from catalog.service import Course, CourseRun, Curriculum, DueDate, Organization, Program, RunPlacement
from prepared.service import execution_of

REMEMBERED_PROGRAMS = 1024

# Every request about a program begins with this question; composing it anew by the ORM took a quarter of a page's time.
FIND_PROGRAM = """
SELECT uuid, key, title, type, marketing_slug, marketing_url, status, ARRAY(
    SELECT json_build_array(organization.key, organization.name)
    FROM catalog_programorganization AS link
    JOIN catalog_organization AS organization ON organization.id = link.organization_id
    WHERE link.program_id = program.id
    ORDER BY link.position, link.id
)
FROM catalog_program AS program WHERE uuid = %(uuid)s
"""


@lru_cache(maxsize=REMEMBERED_PROGRAMS)
def get_program_in_second(program_uuid: UUID, second: int) -> Program:
    """Return a program as it was when it was first asked for in a second of the process's clock.

    A partner writes thousands of learners into one program, 25 at a time; of a page, the question was a tenth of the
    time. A program that is missing is not remembered: it is found as soon as it is there. Raises: Program.DoesNotExist.
    """
    return _get_program(program_uuid)


def _get_program(program_uuid: UUID) -> Program:
    with connection.cursor() as cursor:
        cursor.execute(execution_of(FIND_PROGRAM), {"uuid": program_uuid})
        row = cursor.fetchone()
    if row is None:
        raise models.Program.DoesNotExist
    uuid, key, title, program_type, marketing_slug, marketing_url, status, organizations = row
    return Program(
        uuid=uuid,
        key=key,
        title=title,
        type=program_type,
        marketing_slug=marketing_slug,
        marketing_url=marketing_url,
        status=status,
        authoring_organizations=tuple(Organization(*record) for record in organizations),
    )


class DatabaseCatalog:
    """Answers from the mirror that `load_catalog` fills; never asks over the network."""

    def find_program(self, program_uuid: UUID) -> Program | None:
        """See `Catalog`. One query; outside of transactions, none if the program was found within the same second."""
        try:
            # A transaction sees what it has changed itself, and what it sees may be taken back.
            if connection.in_atomic_block:
                return _get_program(program_uuid)
            return get_program_in_second(program_uuid, int(time.monotonic()))
        except models.Program.DoesNotExist:
            return None

    def find_program_by_key(self, program_key: str) -> Program | None:
        """See `Catalog`. One query."""
        if not slug_re.match(program_key):  # nobody's key, and it may hold what PostgreSQL does not take
            return None
        return next(iter(_read_programs(models.Program.objects.filter(key=program_key))), None)

    def list_all_programs(self) -> list[Program]:
        """See `Catalog`. One query."""
        return _read_programs(models.Program.objects.all())

    def list_programs(self, program_uuids: Collection[UUID]) -> list[Program]:
        """See `Catalog`. One query."""
        return _read_programs(models.Program.objects.filter(uuid__in=program_uuids))

    def list_programs_of_type(self, program_type: str) -> list[Program]:
        """See `Catalog`. Two queries.

        Types are few, and compared here: the case of letters beyond ASCII depends on the database's locale.
        """
        wanted = slug_of_type(program_type)
        known_types = models.Program.objects.order_by().values_list("type", flat=True).distinct()
        matching = [known for known in known_types if slug_of_type(known) == wanted]
        return _read_programs(models.Program.objects.filter(type__in=matching))

    def list_programs_with_course_runs(self, course_keys: Collection[CourseKey]) -> list[Program]:
        """See `Catalog`. One query."""
        return _read_programs(models.Program.objects.filter(id__in=ids_of_programs_with(course_keys)))

    def list_programs_of_organization(self, organization_key: str) -> list[Program] | None:
        """See `Catalog`. Two queries."""
        organization = models.Organization.objects.filter(key=organization_key).first()
        return None if organization is None else _read_programs(organization.programs.all())

    def list_programs_of_organizations(self, organization_keys: Collection[str]) -> list[Program]:
        """See `Catalog`. One query."""
        authored = models.ProgramOrganization.objects.filter(organization__key__in=organization_keys)
        return _read_programs(models.Program.objects.filter(pk__in=authored.order_by().values("program")))

    def list_curricula(self, program_uuid: UUID) -> list[Curriculum]:
        """See `Catalog`. Seven queries: curricula, their course and program links, what is linked, runs, due dates."""
        curricula = models.Curriculum.objects.filter(program__uuid=program_uuid).prefetch_related(
            "curriculumcourse_set__course__runs__due_dates", "curriculumprogram_set__program"
        )
        return [
            Curriculum(
                uuid=row.uuid,
                name=row.name,
                is_active=row.is_active,
                courses=tuple(_as_course(link.course) for link in row.curriculumcourse_set.all()),
                child_program_uuids=tuple(link.program.uuid for link in row.curriculumprogram_set.all()),
            )
            for row in curricula
        ]

    def list_curriculum_uuids(self, program_uuids: Collection[UUID]) -> dict[UUID, dict[UUID, bool]]:
        """See `Catalog`. One query."""
        found: dict[UUID, dict[UUID, bool]] = {program_uuid: {} for program_uuid in program_uuids}
        curricula = models.Curriculum.objects.filter(program__uuid__in=program_uuids)
        for program_uuid, curriculum_uuid, is_active in curricula.values_list("program__uuid", "uuid", "is_active"):
            found[program_uuid][curriculum_uuid] = is_active
        return found

    def list_curriculum_names(self, curriculum_uuids: Collection[UUID]) -> dict[UUID, str]:
        """See `Catalog`. One query."""
        return dict(models.Curriculum.objects.filter(uuid__in=curriculum_uuids).values_list("uuid", "name"))

    def find_course_run(self, course_key: CourseKey) -> CourseRun | None:
        """See `Catalog`. Two queries."""
        return next(iter(self.list_course_runs([course_key])), None)

    def list_course_runs(self, course_keys: Collection[CourseKey]) -> list[CourseRun]:
        """See `Catalog`. Two queries: runs with their courses, due dates."""
        rows = models.CourseRun.objects.filter(key__in=course_keys).select_related("course")
        return [_as_course_run(row, row.course) for row in rows.prefetch_related("due_dates")]

    def search_course_run_keys(self, text: str, *, limit: int) -> list[CourseKey]:
        """See `Catalog`. One query."""
        named = Q(key__icontains=text) | Q(title__icontains=text) | Q(course__title__icontains=text)
        return [run.key for run in models.CourseRun.objects.filter(named).only("key")[:limit]]

    def list_course_run_keys(self, program_uuid: UUID) -> frozenset[CourseKey]:
        """See `Catalog`. One query."""
        runs = models.CourseRun.objects.filter(course_id__in=ids_of_courses_in(program_uuid))
        return frozenset(run.key for run in runs.order_by().only("key"))

    def find_run_placement(self, program_uuid: UUID, course_key: CourseKey) -> RunPlacement:
        """See `Catalog`. One query."""
        return find_placement(program_uuid, course_key)


def _read_programs(programs: QuerySet[models.Program]) -> list[Program]:
    # The organizations come in the same query: most requests ask for a program before anything else.
    links = models.ProgramOrganization.objects.filter(program=OuterRef("pk")).order_by("position", "id")
    organizations = ArraySubquery(links.values(record=JSONObject(key="organization__key", name="organization__name")))
    return [
        Program(
            uuid=row.uuid,
            key=row.key,
            title=row.title,
            type=row.type,
            marketing_slug=row.marketing_slug,
            marketing_url=row.marketing_url,
            status=row.status,
            authoring_organizations=tuple(Organization(**record) for record in row.organization_records),
        )
        for row in programs.annotate(organization_records=organizations)
    ]


def _as_course(row: models.Course) -> Course:
    return Course(key=row.key, title=row.title, runs=tuple(_as_course_run(run, row) for run in row.runs.all()))


def _as_course_run(row: models.CourseRun, course: models.Course) -> CourseRun:
    return CourseRun(
        key=row.key,
        external_key=row.external_key,
        title=row.title or course.title,
        marketing_url=row.marketing_url,
        start=row.start,
        end=row.end,
        pacing=Pacing(row.pacing),
        email_enabled=row.email_enabled,
        due_dates=tuple(DueDate(name=due.name, url=due.url, date=due.date) for due in row.due_dates.all()),
    )
