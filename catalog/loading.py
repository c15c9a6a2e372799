"""Writes into the mirror what an answer of Course Discovery says."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey

from catalog.constants import RETIRED_STATUS
from catalog.discovery import CourseRunRecord, CurriculumRecord, ProgramRecord, Snapshot
from catalog.models import (
    Course,
    CourseRun,
    Curriculum,
    CurriculumCourse,
    CurriculumProgram,
    Organization,
    PositionedLink,
    Program,
    ProgramCourse,
    ProgramOrganization,
)
from catalog.program_keys import choose_keys, suggest_key

ROWS_PER_STATEMENT = 1000

Row = TypeVar("Row", Organization, Course, CourseRun, Program, Curriculum)


@dataclass(slots=True)
class Changes:
    """What a load did to the mirror. `changed` maps a row to the names of what is new in it.

    `taken_keys` maps an added program to the key that it would have got if another program did not have it.
    """

    added: list[models.Model] = field(default_factory=list)
    changed: dict[models.Model, list[str]] = field(default_factory=dict)
    retired: list[models.Model] = field(default_factory=list)
    taken_keys: dict[models.Model, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.retired)


@transaction.atomic
def load_snapshot(snapshot: Snapshot) -> Changes:
    """Make the mirror say what the snapshot says, all or nothing; a second time writes nothing.

    No row is deleted, since enrollments refer to programs, curricula and runs. A program that a complete snapshot
    lacks is retired; a curriculum that its program lacks is no longer active. A course run that is lacking is kept
    as it is: Discovery hides the runs that it does not sell any more, and learners are still in them. Due dates,
    `email_enabled` and the keys of programs are the mirror's own: a new program gets a key, others keep theirs.
    """
    with connection.cursor() as cursor:
        # One load at a time: a second one waits here, then finds the rows of the first. Readers do not wait.
        cursor.execute("LOCK TABLE catalog_program IN SHARE ROW EXCLUSIVE MODE")
    changes = Changes()
    organizations = _write_organizations(snapshot, changes)
    courses = _write_courses(snapshot, changes)
    programs = _write_programs(snapshot.programs, organizations, courses, changes)
    _write_curricula(snapshot.curricula, programs, courses, changes)
    _retire_what_is_lacking(snapshot, changes)
    return changes


def _write_organizations(snapshot: Snapshot, changes: Changes) -> dict[str, Organization]:
    names = {key: {"name": record.name} for key, record in snapshot.organizations.items()}
    return _write_rows(Organization, "key", names, changes)


def _write_courses(snapshot: Snapshot, changes: Changes) -> dict[str, Course]:
    titles = {key: {"title": record.title} for key, record in snapshot.courses.items()}
    courses = _write_rows(Course, "key", titles, changes)

    def fields_of(record: CourseRunRecord) -> dict[str, Any]:
        return {
            "course_id": courses[record.course_key].pk,
            "external_key": record.external_key,
            "title": record.title,
            "marketing_url": record.marketing_url,
            "start": record.start,
            "end": record.end,
            "pacing": record.pacing,
        }

    runs: dict[CourseKey, dict[str, Any]] = {key: fields_of(record) for key, record in snapshot.course_runs.items()}
    _write_rows(CourseRun, "key", runs, changes)
    return courses


def _write_programs(
    records: Mapping[UUID, ProgramRecord],
    organizations: Mapping[str, Organization],
    courses: Mapping[str, Course],
    changes: Changes,
) -> dict[UUID, Program]:
    suggestions, keys = _choose_keys_of_new(records)
    fields = {
        uuid: ({"key": keys[uuid]} if uuid in keys else {})
        | {
            "title": record.title,
            "type": record.type,
            "marketing_slug": record.marketing_slug,
            "marketing_url": record.marketing_url,
            "status": record.status,
        }
        for uuid, record in records.items()
    }
    programs = _write_rows(Program, "uuid", fields, changes)
    changes.taken_keys |= {programs[uuid]: suggestions[uuid] for uuid, key in keys.items() if key != suggestions[uuid]}
    authors = {programs[uuid]: [organizations[key].pk for key in r.organization_keys] for uuid, r in records.items()}
    _write_links(ProgramOrganization, ("program_id", "organization_id"), authors, "authoring organizations", changes)
    own_courses = {programs[uuid]: [courses[key].pk for key in r.course_keys] for uuid, r in records.items()}
    _write_links(ProgramCourse, ("program_id", "course_id"), own_courses, "courses", changes)
    return programs


def _choose_keys_of_new(records: Mapping[UUID, ProgramRecord]) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """Return, for the programs that are not there yet, the keys suggested and the keys to give, by uuid."""
    standing = dict(Program.objects.order_by().values_list("uuid", "key"))
    suggestions = {
        uuid: suggest_key(uuid=uuid, title=record.title, marketing_slug=record.marketing_slug)
        for uuid, record in records.items()
        if uuid not in standing
    }
    return suggestions, choose_keys(suggestions, standing.values())


def _write_curricula(
    records: Mapping[UUID, CurriculumRecord],
    programs: Mapping[UUID, Program],
    courses: Mapping[str, Course],
    changes: Changes,
) -> None:
    fields = {
        uuid: {
            "program_id": programs[record.program_uuid].pk,
            "position": record.position,
            "name": record.name,
            "is_active": record.is_active,
        }
        for uuid, record in records.items()
    }
    curricula = _write_rows(Curriculum, "uuid", fields, changes)
    own_courses = {curricula[uuid]: [courses[key].pk for key in r.course_keys] for uuid, r in records.items()}
    _write_links(CurriculumCourse, ("curriculum_id", "course_id"), own_courses, "courses", changes)
    children = {curricula[uuid]: [programs[child].pk for child in r.program_uuids] for uuid, r in records.items()}
    _write_links(CurriculumProgram, ("curriculum_id", "program_id"), children, "child programs", changes)


def _write_rows(
    model: type[Row], key_name: str, wanted: Mapping[Any, Mapping[str, Any]], changes: Changes
) -> dict[Any, Row]:
    """Add the rows that are missing and change those that differ; return all, by key."""
    rows: dict[Any, Row] = model._default_manager.in_bulk(list(wanted), field_name=key_name)
    added = [model(**{key_name: key}, **fields) for key, fields in wanted.items() if key not in rows]
    changed = []
    for key, row in rows.items():
        names = [name for name, value in wanted[key].items() if getattr(row, name) != value]
        if names:
            for name in names:
                setattr(row, name, wanted[key][name])
            row.modified = timezone.now()
            changed.append(row)
            changes.changed[row] = names
    model._default_manager.bulk_create(added, batch_size=ROWS_PER_STATEMENT)
    if changed:
        columns: set[str] = {name for row in changed for name in changes.changed[row]}
        model._default_manager.bulk_update(changed, [*sorted(columns), "modified"], batch_size=ROWS_PER_STATEMENT)
    changes.added += added
    return rows | {getattr(row, key_name): row for row in added}


def _write_links(
    through: type[PositionedLink],
    ends: tuple[str, str],
    wanted: Mapping[Any, Sequence[int]],
    name: str,
    changes: Changes,
) -> None:
    """Give each owner its targets, in order. `ends` names the columns of owner and target; `wanted` has target ids."""
    owner_column, target_column = ends
    links = through._default_manager.filter(**{f"{owner_column}__in": [owner.pk for owner in wanted]})
    standing: dict[int, list[int]] = defaultdict(list)
    for owner_id, target_id in links.order_by("position", "id").values_list(owner_column, target_column):
        standing[owner_id].append(target_id)
    stale = {owner: targets for owner, targets in wanted.items() if standing[owner.pk] != targets}
    if not stale:
        return
    links.filter(**{f"{owner_column}__in": [owner.pk for owner in stale]}).delete()
    through._default_manager.bulk_create(
        (
            through(**{owner_column: owner.pk, target_column: target_id, "position": position})
            for owner, targets in stale.items()
            for position, target_id in enumerate(targets)
        ),
        batch_size=ROWS_PER_STATEMENT,
    )
    added = set(changes.added)
    for owner in stale:
        if owner not in added:
            changes.changed.setdefault(owner, []).append(name)


def _retire_what_is_lacking(snapshot: Snapshot, changes: Changes) -> None:
    curricula = Curriculum.objects.filter(program__uuid__in=snapshot.programs, is_active=True)
    _retire(curricula.exclude(uuid__in=snapshot.curricula), changes, is_active=False)
    if snapshot.is_complete:
        programs = Program.objects.exclude(uuid__in=snapshot.programs).exclude(status=RETIRED_STATUS)
        _retire(programs, changes, status=RETIRED_STATUS)


def _retire(rows: models.QuerySet[Any], changes: Changes, **fields: Any) -> None:
    retired = list(rows)
    rows.model._default_manager.filter(pk__in=[row.pk for row in retired]).update(modified=timezone.now(), **fields)
    changes.retired += retired
