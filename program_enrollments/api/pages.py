"""Pages of the two listings (contract section 5): some rows of a program or of a course run, by id.

SQL is written by hand here. It replaces a queryset of enrollments and another of their accounts or staff roles, the
composing of which took a third of a page's time, and gives tuples where the ORM gives instances.

A program that was loaded in bulk is one range of ids. Equal values and an order by id let the planner walk the primary
key, through all other programs; two comparisons of whole places, no more, leave it the listing's index (speed page).
Learners who are named are looked up instead. Accounts are looked up one by one (OFFSET 0): while they are some
thousands, the planner would read all of them for a page. Pages of the usual size are prepared, as planning one took as
long as reading it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from opaque_keys.edx.keys import CourseKey

from prepared.service import execution_of
from program_enrollments.constants import MAX_ID, STAFF_ROLE
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment

USUAL_LIMIT = 101
"""A page of 100 (contract section 5), and the row that tells whether there is a next one."""

ENROLLMENTS = ProgramEnrollment._meta.db_table
COURSE_ENROLLMENTS = ProgramCourseEnrollment._meta.db_table
WAITING_ROLES = CourseAccessRoleAssignment._meta.db_table
ACCOUNTS = get_user_model()._meta.db_table
HELD_ROLES = get_user_model()._meta.get_field("course_access_roles").related_model._meta.db_table


def sql_of_course_staff(row: str) -> str:
    """Return the SQL that tells whether a row's learner is staff of its run, or will be once linked.

    `row` names a relation with the `id`, `user_id` and `course_key` of a course enrollment; `%(staff)s` is the role.
    """
    return f"""CASE
    WHEN {row}.user_id IS NULL
    THEN EXISTS (SELECT FROM {WAITING_ROLES} WHERE enrollment_id = {row}.id AND role = %(staff)s)
    ELSE EXISTS (
        SELECT FROM {HELD_ROLES} WHERE user_id = {row}.user_id AND course_key = {row}.course_key AND role = %(staff)s
    )
END"""  # noqa: S608 -- identifiers come from our models and callers, values are parameters


PAGE_OF_PROGRAM = f"""
SELECT page.id, page.external_user_key, page.status, page.user_id, page.curriculum_uuid::text, username, email
FROM (
    SELECT e.* FROM {ENROLLMENTS} AS e
    WHERE {{conditions}}
    ORDER BY e.program_uuid {{direction}}, e.id {{direction}} LIMIT {{limit}}
) AS page
LEFT JOIN LATERAL (SELECT username, email FROM {ACCOUNTS} WHERE id = page.user_id OFFSET 0) AS account ON TRUE
ORDER BY page.id {{direction}}
"""  # noqa: S608 -- identifiers come from our models, values are parameters
PAGE_OF_RUN = f"""
SELECT page.id, page.external_user_key, page.status, page.user_id, page.curriculum_uuid::text,
    {sql_of_course_staff("page")}
FROM (
    SELECT c.id, c.course_key, c.status, e.external_user_key, e.user_id, e.curriculum_uuid
    FROM {COURSE_ENROLLMENTS} AS c JOIN {ENROLLMENTS} AS e ON e.id = c.program_enrollment_id
    WHERE {{conditions}}
    ORDER BY c.program_uuid {{direction}}, c.course_key {{direction}}, c.id {{direction}} LIMIT {{limit}}
) AS page
ORDER BY page.id {{direction}}
"""  # noqa: S608 -- as above


LEARNER_FILTERS = {
    "student_key": "e.external_user_key = ANY (%(student_key)s::text[])",
    "curriculum_uuid": "e.curriculum_uuid = ANY (%(curriculum_uuid)s::uuid[])",
    "account_exists": "(e.user_id IS NOT NULL) = %(account_exists)s",
}
FILTERS_OF_PROGRAM = {
    **LEARNER_FILTERS,
    "status": "e.status = ANY (%(status)s::text[])",
    "modified_since": "e.modified >= %(modified_since)s",
}
FILTERS_OF_RUN = {
    **LEARNER_FILTERS,
    "status": "c.status = ANY (%(status)s::text[])",
    "modified_since": "c.modified >= %(modified_since)s",
}


@dataclass(frozen=True, slots=True)
class IdBounds:
    """Ids between which rows are, themselves left out; `is_descending`: the highest id first."""

    after: int = 0
    before: int = MAX_ID
    is_descending: bool = False


class ProgramEnrollmentRow(NamedTuple):
    """One row of a program's listing; `username` and `email` are None where there is no account."""

    id: int
    external_user_key: str | None
    status: str
    user_id: int | None
    curriculum_uuid: str
    username: str | None
    email: str | None


class ProgramCourseEnrollmentRow(NamedTuple):
    """One row of a course run's listing; `is_course_staff`: of the run, or will be as soon as there is an account."""

    id: int
    external_user_key: str | None
    status: str
    user_id: int | None
    curriculum_uuid: str
    is_course_staff: bool


def list_program_enrollment_page(
    *, program_uuid: UUID, bounds: IdBounds, limit: int, filters: Mapping[str, Any]
) -> list[ProgramEnrollmentRow]:
    """Return the first rows of a program's enrollments within the bounds, in their order; one query.

    `limit`: so many rows at most. `filters` {name: value}, all of which a row must pass: `student_key`, `status` and
    `curriculum_uuid` (lists, any member of which fits), `modified_since` (an aware time, inclusive), `account_exists`.
    """
    place = {"e.program_uuid": program_uuid}
    rows = _read(PAGE_OF_PROGRAM, FILTERS_OF_PROGRAM, place, bounds=bounds, limit=limit, filters=filters)
    return list(map(ProgramEnrollmentRow._make, rows))


def list_program_course_enrollment_page(
    *, program_uuid: UUID, course_key: CourseKey, bounds: IdBounds, limit: int, filters: Mapping[str, Any]
) -> list[ProgramCourseEnrollmentRow]:
    """Return the first rows of a program's enrollments in a course run within the bounds, in their order; one query.

    As `list_program_enrollment_page`; `status` and `modified_since` are of the course's own row.
    """
    place = {"c.program_uuid": program_uuid, "c.course_key": str(course_key)}
    rows = _read(PAGE_OF_RUN, FILTERS_OF_RUN, place, bounds=bounds, limit=limit, filters=filters)
    return list(map(ProgramCourseEnrollmentRow._make, rows))


def load_linked_course_enrollments(rows: Sequence[ProgramCourseEnrollmentRow]) -> list[ProgramCourseEnrollment]:
    """Return the enrollments that rows are, with their program enrollments and accounts, by id; one query.

    Those that have been unlinked or deleted since the rows were read are left out.
    """
    enrollments = ProgramCourseEnrollment.objects.filter(
        pk__in=[row.id for row in rows], program_enrollment__user__isnull=False
    )
    return list(enrollments.select_related("program_enrollment__user").order_by("id"))


def _read(
    page: str,
    known_filters: Mapping[str, str],
    place: Mapping[str, Any],
    *,
    bounds: IdBounds,
    limit: int,
    filters: Mapping[str, Any],
) -> list[tuple[Any, ...]]:
    """Return the rows of the page of the listing that has the place, {column: value}."""
    id_column = f"{next(iter(place))[0]}.id"
    values: dict[str, Any] = {f"place_{number}": value for number, value in enumerate(place.values())}
    placeholders = [f"%({name})s" for name in values]
    if "student_key" in filters:
        comparisons = [f"{column} = {value}" for column, value in zip(place, placeholders, strict=True)]
        comparisons += [f"{id_column} > %(after)s", f"{id_column} < %(before)s"]
    else:
        columns = ", ".join([*place, id_column])
        comparisons = [
            f"({columns}) {comparison} ({', '.join([*placeholders, bound])})"
            for comparison, bound in ((">", "%(after)s"), ("<", "%(before)s"))
        ]
    is_usual = limit == USUAL_LIMIT and not filters
    sql = page.format(
        conditions=" AND ".join([*comparisons, *(known_filters[name] for name in filters)]),
        direction="DESC" if bounds.is_descending else "ASC",
        limit=USUAL_LIMIT if is_usual else "%(limit)s",
    )
    if is_usual:
        sql = execution_of(sql)
    limits: dict[str, Any] = {"after": bounds.after, "before": bounds.before, "limit": limit, "staff": STAFF_ROLE}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, **limits, **filters})
        return list(cursor.fetchall())
