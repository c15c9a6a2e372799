"""What is done to many rows of a plan at once, in SQL: a plan may have a million, which never come through Python."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from imports.constants import ACTIVE_STATUSES, ImportKind, RowOutcome
from imports.messages import FAULTS
from imports.models import Import, ImportRow
from program_enrollments import api
from program_enrollments.constants import STAFF_ROLE, WriteFailure

ADD_DECIDED_ROWS = """
{decision},
faults AS (
    SELECT * FROM unnest(%(codes)s::text[], %(columns)s::text[], %(messages)s::text[], %(hints)s::text[])
        AS faults(code, column_name, message, hint)
),
added AS (
    INSERT INTO imports_importrow (
        owner_id, position, line, student_key, curriculum_uuid, course_key, status, outcome, before, after,
        enrollment_id, result, error_code, error_column, error_message, error_hint
    )
    SELECT
        %(owner)s, d.input_order, d.input_order, d.student_key, d.curriculum_uuid, '', d.status,
        CASE WHEN d.failure IS NOT NULL THEN 'reject' WHEN d.before IS NULL THEN 'create'
             WHEN d.before = d.status THEN 'unchanged' ELSE 'update' END,
        CASE WHEN d.failure IS NULL AND d.before IS NOT NULL THEN jsonb_build_object('status', d.before) END,
        CASE WHEN d.failure IS NULL THEN jsonb_build_object('status', d.status) END,
        CASE WHEN d.failure IS NULL THEN d.enrollment_id END, '',
        coalesce(f.code, ''), coalesce(f.column_name, ''), coalesce(f.message, ''), coalesce(f.hint, '')
    FROM decided AS d LEFT JOIN faults AS f ON f.code = d.failure
    ORDER BY d.input_order
)
SELECT DISTINCT user_id, curriculum_uuid, student_key FROM decided WHERE user_id IS NOT NULL AND failure IS NULL
"""
# What a plan's row expects is what stood when it was planned. Row by row, since statistics that are stale while an
# import runs would have the planner expect a single row, and join thousands by nested loops.
PLANNED_ROWS = """
SELECT wanted.position AS input_order, r.*
FROM unnest(%(positions)s::integer[]) AS wanted(position) CROSS JOIN LATERAL (
    SELECT student_key, curriculum_uuid, status, before ->> 'status' AS expected
    FROM imports_importrow WHERE owner_id = %(owner)s AND position = wanted.position OFFSET 0
) AS r
"""

# Rows are found again by where they lie, which takes no statistics; nobody else writes them.
SETTLE_REPETITIONS = """
WITH repeated AS MATERIALIZED (
    SELECT ctid AS at, line, outcome, student_key, curriculum_uuid, course_key, (status, course_staff)::text AS said
    FROM imports_importrow
    WHERE owner_id = %(owner)s AND student_key = ANY (%(student_keys)s::text[])
),
judged AS MATERIALIZED (
    SELECT at, outcome, line,
           min(said) OVER place <> max(said) OVER place AS is_contradiction,
           min(line) FILTER (WHERE outcome <> 'reject') OVER place AS first_line
    FROM repeated
    WINDOW place AS (PARTITION BY student_key, curriculum_uuid, course_key)
)
UPDATE imports_importrow AS r
SET outcome = CASE WHEN j.is_contradiction THEN 'reject' ELSE 'unchanged' END,
    result = CASE WHEN j.is_contradiction THEN '' ELSE r.status END,
    before = CASE WHEN j.is_contradiction THEN NULL ELSE r.after END,
    after = CASE WHEN j.is_contradiction THEN NULL ELSE r.after END,
    error_code = CASE WHEN j.is_contradiction THEN %(code)s ELSE '' END,
    error_column = CASE WHEN j.is_contradiction THEN %(column)s ELSE '' END,
    error_message = CASE WHEN j.is_contradiction THEN %(message)s ELSE '' END,
    error_hint = CASE WHEN j.is_contradiction THEN %(hint)s ELSE format('The same as line %%s.', j.first_line) END
FROM judged AS j
WHERE r.ctid = j.at
  AND (j.is_contradiction OR (j.outcome <> 'reject' AND j.line > j.first_line))
"""

# The scope of a snapshot: learners with a student key, in the curricula or course runs that occur in the file.
PROGRAM_SCOPE = """
    SELECT e.id, e.external_user_key, e.curriculum_uuid, '' AS course_key, e.status
    FROM program_enrollments_programenrollment AS e
    WHERE e.program_uuid = %(program)s AND e.status = ANY (%(active)s) AND e.external_user_key IS NOT NULL
      AND e.curriculum_uuid = ANY (ARRAY(
          SELECT DISTINCT curriculum_uuid FROM imports_importrow WHERE owner_id = %(owner)s
      ))
"""
COURSE_SCOPE = """
    SELECT c.id, e.external_user_key, NULL::uuid AS curriculum_uuid, c.course_key, c.status
    FROM program_enrollments_programcourseenrollment AS c
    JOIN program_enrollments_programenrollment AS e ON e.id = c.program_enrollment_id
    WHERE e.program_uuid = %(program)s AND c.status = ANY (%(active)s) AND e.external_user_key IS NOT NULL
      AND c.course_key = ANY (ARRAY(
          SELECT DISTINCT course_key FROM imports_importrow WHERE owner_id = %(owner)s
      )::text[])
"""
# Those who stand and those who are named are sorted together: joined, they would be compared each with each wherever
# the planner's statistics are stale. A row without its curriculum or course run, or with one that the program has not,
# is a reject, and names its learner anywhere.
ADD_DROPS = """
INSERT INTO imports_importrow (
    owner_id, position, line, student_key, curriculum_uuid, course_key, status, outcome, before, after,
    enrollment_id, result, error_code, error_column, error_message, error_hint
)
SELECT
    %(owner)s, %(last)s + row_number() OVER (ORDER BY id), NULL, student_key, curriculum_uuid,
    course_key, %(drop_status)s, %(drop)s, jsonb_build_object('status', status),
    jsonb_build_object('status', %(drop_status)s::text), id, '', '', '', '', ''
FROM (
    SELECT *,
           bool_or(is_named) OVER (PARTITION BY student_key, curriculum_uuid, course_key) AS is_named_here,
           bool_or(is_named_anywhere) OVER (PARTITION BY student_key) AS is_named_somewhere
    FROM (
        SELECT id, external_user_key AS student_key, curriculum_uuid, course_key, status,
               FALSE AS is_named, FALSE AS is_named_anywhere
        FROM ({scope}) AS s
        UNION ALL
        SELECT NULL, student_key, curriculum_uuid, course_key, NULL, TRUE,
               (curriculum_uuid IS NULL AND course_key = '') OR error_code = ANY (%(unknown_places)s::text[])
        FROM imports_importrow WHERE owner_id = %(owner)s AND line IS NOT NULL
    ) AS places
) AS judged
WHERE id IS NOT NULL AND NOT is_named_here AND NOT is_named_somewhere
"""


def make_file_rows(
    lines: Sequence[int], student_keys: Sequence[str], curriculum_uuids: Sequence[UUID | None], statuses: Sequence[str]
) -> api.Query:
    """Return rows of a file, named by their lines, for a decision about them."""
    return api.Query(
        """
        SELECT *, NULL::text AS expected
        FROM unnest(%(lines)s::integer[], %(student_keys)s::text[], %(curricula)s::uuid[], %(statuses)s::text[])
            AS file_rows(input_order, student_key, curriculum_uuid, status)
        """,
        {
            "lines": api.as_array(lines),
            "student_keys": api.as_array(student_keys),
            "curricula": api.as_array(curriculum_uuids),
            "statuses": api.as_array(statuses),
        },
    )


def add_decided_rows(import_id: UUID, decision: api.Query) -> list[api.Claim]:
    """Add the rows of a file to the plan, as was decided about them; their order is that of their lines.

    Returns the places that would be created for accounts.
    """
    faults = [fault for fault in FAULTS.values() if fault.code in WriteFailure.values]
    values = {
        **decision.values,
        "owner": import_id,
        "codes": [fault.code for fault in faults],
        "columns": [fault.column for fault in faults],
        "messages": [fault.message for fault in faults],
        "hints": [fault.hint for fault in faults],
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD_DECIDED_ROWS.format(decision=decision.sql), values)
        return [api.Claim(*claim) for claim in cursor.fetchall()]


def make_planned_rows(import_id: UUID, rows: Sequence[api.RowName]) -> api.Query:
    """Return rows of the plan, for a decision about them."""
    return api.Query(PLANNED_ROWS, {"owner": import_id, "positions": api.as_array(row.input_order for row in rows)})


def clear_plan(item: Import) -> None:
    """Delete the rows of a plan that was not finished."""
    rows = ImportRow.objects.filter(owner=item)
    rows._raw_delete(rows.db)


def settle_repeated_rows(item: Import, student_keys: Collection[str]) -> None:
    """Judge rows about one learner in one curriculum or course run: the same once, contradicting ones never.

    `student_keys` are those of which the file may have several rows.
    """
    fault = FAULTS["duplicated"]
    with connection.cursor() as cursor:
        cursor.execute(
            SETTLE_REPETITIONS,
            {
                "owner": item.pk,
                "student_keys": api.as_array(student_keys),
                "code": fault.code,
                "column": fault.column,
                "message": fault.message,
                "hint": fault.hint,
            },
        )


def add_drops(item: Import) -> int:
    """Plan to drop the active learners of a snapshot's scope who are absent from the file.

    A learner whose row is rejected is in the file all the same. Returns how many active learners the scope has.
    """
    scope = COURSE_SCOPE if item.kind == ImportKind.COURSE_ENROLLMENTS else PROGRAM_SCOPE
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(position), 0) FROM imports_importrow WHERE owner_id = %s", [item.pk])
        parameters: dict[str, Any] = {
            "owner": item.pk,
            "program": item.program_uuid,
            "active": list(ACTIVE_STATUSES[item.kind]),
            "last": cursor.fetchone()[0],
            "drop": RowOutcome.DROP.value,
            "drop_status": item.drop_status,
            "unknown_places": ["course_not_in_program", "unknown_curriculum"],
        }
        cursor.execute(f"SELECT count(*) FROM ({scope}) AS s", parameters)  # noqa: S608 -- constants only
        scope_active = int(cursor.fetchone()[0])
        cursor.execute(ADD_DROPS.format(scope=scope), parameters)
    return scope_active


def count_outcomes(item: Import) -> dict[str, int]:
    """Return {outcome: rows of the plan}, of the outcomes that occur."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome, count(*) FROM imports_importrow WHERE owner_id = %s GROUP BY 1", [item.pk])
        return dict(cursor.fetchall())


# The enrollment that a row of a plan, `r`, is about: the one that it names, else the learner's in its place. Looked up
# row by row: an OR in a join, or the planner's own way where its statistics are stale, would read all for each row.
PROGRAM_ENROLLMENT_OF_ROW = """
    LATERAL (
        SELECT e.id, e.status, e.modified FROM program_enrollments_programenrollment AS e
        WHERE e.id = r.enrollment_id AND (e.program_uuid = %(program)s) IS TRUE
        UNION ALL
        SELECT e.id, e.status, e.modified FROM program_enrollments_programenrollment AS e
        WHERE r.enrollment_id IS NULL AND e.external_user_key = r.student_key
          AND e.curriculum_uuid = r.curriculum_uuid AND (e.program_uuid = %(program)s) IS TRUE
        LIMIT 1
    )
"""
COURSE_ENROLLMENT_OF_ROW = """
    LATERAL (
        SELECT c.id, c.status, c.modified, c.course_key, e.user_id
        FROM program_enrollments_programcourseenrollment AS c
        JOIN program_enrollments_programenrollment AS e ON e.id = c.program_enrollment_id
        WHERE c.id = r.enrollment_id AND (c.program_uuid = %(program)s) IS TRUE
        UNION ALL
        SELECT c.id, c.status, c.modified, c.course_key, e.user_id
        FROM program_enrollments_programenrollment AS e
        JOIN program_enrollments_programcourseenrollment AS c
            ON c.program_enrollment_id = e.id AND c.course_key = r.course_key
        WHERE r.enrollment_id IS NULL AND e.external_user_key = r.student_key
          AND (e.program_uuid = %(program)s) IS TRUE
        LIMIT 1
    )
"""

# What an import has changed, beside what stands now. `is_same`: nothing has changed it since.
PROGRAM_CHANGES = f"""
    SELECT r.*, e.id AS standing_id,
           e.status = r.after ->> 'status' AND e.modified <= %(finished)s AND (
               r.outcome <> 'create' OR NOT EXISTS (
                   SELECT FROM program_enrollments_programcourseenrollment AS c
                   WHERE c.program_enrollment_id = e.id OFFSET 0
               )
           ) AS is_same
    FROM imports_importrow AS r LEFT JOIN {PROGRAM_ENROLLMENT_OF_ROW} AS e ON TRUE
"""  # noqa: S608 -- constants only
# Whether the learner is staff of the run, or will be: `c` is the row's course enrollment.
IS_STAFF = f"({api.sql_of_course_staff('c')})"
# The role that the import left, as far as it is known: that which it set, else that which was there before.
ROLE_LEFT = """
    coalesce(
        (r.after ->> 'course_staff')::boolean,
        (r.account_before ->> 'course_staff')::boolean,
        CASE WHEN r.outcome = 'create' AND c.user_id IS NULL THEN FALSE END
    )
"""
COURSE_CHANGES = f"""
    SELECT r.*, c.id AS standing_id,
           c.status = r.after ->> 'status' AND c.modified <= %(finished)s
               AND coalesce({ROLE_LEFT} = {IS_STAFF}, TRUE) AS is_same
    FROM imports_importrow AS r LEFT JOIN {COURSE_ENROLLMENT_OF_ROW} AS c ON TRUE
"""  # noqa: S608 -- constants only
ADD_UNDOS = """
INSERT INTO imports_importrow (
    owner_id, position, line, student_key, curriculum_uuid, course_key, status, course_staff, outcome, before, after,
    account_before, enrollment_id, result, error_code, error_column, error_message, error_hint
)
SELECT
    %(owner)s, o.position, o.line, o.student_key, o.curriculum_uuid, o.course_key,
    CASE WHEN o.outcome = 'create' THEN '' ELSE o.before ->> 'status' END,
    CASE WHEN o.outcome <> 'create' THEN (o.before ->> 'course_staff')::boolean
         WHEN o.course_staff IS NOT NULL THEN coalesce((o.account_before ->> 'course_staff')::boolean, FALSE) END,
    CASE WHEN o.is_same IS NOT TRUE THEN 'reject' WHEN o.outcome = 'create' THEN 'drop' ELSE 'update' END,
    CASE WHEN o.is_same THEN o.after END,
    CASE WHEN o.is_same THEN o.before END,
    CASE WHEN o.is_same THEN o.account_before END,
    o.standing_id, '',
    CASE WHEN o.is_same THEN '' ELSE %(code)s END, CASE WHEN o.is_same THEN '' ELSE %(column)s END,
    CASE WHEN o.is_same THEN '' ELSE %(message)s END, CASE WHEN o.is_same THEN '' ELSE %(hint)s END
FROM ({changes}) AS o
WHERE o.owner_id = %(undone)s AND o.outcome IN ('create', 'update', 'drop')
  AND (o.course_key, o.position) <= (%(done_course_key)s, %(done_position)s)
"""


def add_undos(item: Import, undone: Import) -> None:
    """Plan to put back what an import has changed, where nothing has changed it since."""
    changes = COURSE_CHANGES if item.kind == ImportKind.COURSE_ENROLLMENTS else PROGRAM_CHANGES
    fault = FAULTS["changed_since"]
    with connection.cursor() as cursor:
        cursor.execute(
            ADD_UNDOS.format(changes=changes),
            {
                "owner": item.pk,
                "undone": undone.pk,
                "program": item.program_uuid,
                "staff": STAFF_ROLE,
                "finished": undone.finished_at,
                "done_course_key": undone.done_course_key,
                "done_position": undone.done_position,
                "code": fault.code,
                "column": fault.column,
                "message": fault.message,
                "hint": fault.hint,
            },
        )


# Rows of a plan beside what stands now, where the two differ.
STALE_PROGRAM_ROWS = f"""
SELECT r.line, r.student_key
FROM imports_importrow AS r LEFT JOIN {PROGRAM_ENROLLMENT_OF_ROW} AS e ON TRUE
WHERE r.owner_id = %(owner)s AND r.outcome <> 'reject' AND r.result = ''
  AND e.status IS DISTINCT FROM (r.before ->> 'status')
ORDER BY r.position LIMIT %(limit)s
"""  # noqa: S608 -- constants only
STALE_COURSE_ROWS = f"""
SELECT r.line, r.student_key
FROM imports_importrow AS r LEFT JOIN {COURSE_ENROLLMENT_OF_ROW} AS c ON TRUE
WHERE r.owner_id = %(owner)s AND r.outcome <> 'reject' AND r.result = '' AND (
    c.status IS DISTINCT FROM (r.before ->> 'status')
    OR coalesce((r.before ->> 'course_staff')::boolean <> {IS_STAFF}, FALSE)
)
ORDER BY r.position LIMIT %(limit)s
"""  # noqa: S608 -- constants only


def list_stale_rows(item: Import, *, limit: int) -> list[tuple[int | None, str]]:
    """Return (line, student key) of the first rows whose enrollments differ from what they were when the plan was made.

    A learner to be dropped has no line.
    """
    sql = STALE_COURSE_ROWS if item.kind == ImportKind.COURSE_ENROLLMENTS else STALE_PROGRAM_ROWS
    with connection.cursor() as cursor:
        cursor.execute(sql, {"owner": item.pk, "program": item.program_uuid, "limit": limit, "staff": STAFF_ROLE})
        return list(cursor.fetchall())
