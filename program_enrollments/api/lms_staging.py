"""The rows of an LMS beside our own, in SQL: there may be millions, which are never held in Python.

The tables here are temporary and end with the caller's transaction. In both, `refusal` says why a row cannot be taken
over, `outcome` is an `LmsRowOutcome`, and `user_id` is the learner's account here; null while the enrollment waits.
A `school` names the programs within which a student key is one learner's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

from program_enrollments.api.records import ChangeSource, LmsCourseEnrollment, LmsProgramEnrollment, LmsRefusal
from program_enrollments.api.statements import ACCOUNTS, CHANGED, CREATED, copy_into, write_with_history
from program_enrollments.constants import LmsRowOutcome, LmsTable, ProgramCourseEnrollmentStatus
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment

ROWS_PER_CHUNK = 5000

PROGRAM_TABLE = "lms_program_enrollment"
COURSE_TABLE = "lms_course_enrollment"
TABLES = {LmsTable.PROGRAM_ENROLLMENTS: PROGRAM_TABLE, LmsTable.COURSE_ENROLLMENTS: COURSE_TABLE}

# Outcomes and the status, as SQL spells them.
ADDED_OUTCOME, CHANGED_OUTCOME = f"'{LmsRowOutcome.ADDED.value}'", f"'{LmsRowOutcome.CHANGED.value}'"
WRITTEN_OUTCOMES = f"({ADDED_OUTCOME}, {CHANGED_OUTCOME})"
ACTIVE = f"'{ProgramCourseEnrollmentStatus.ACTIVE.value}'"

# Columns that rows come with, in the order of the records' fields.
PROGRAM_COLUMNS = (
    "line, lms_id, created, modified, student_key, lms_user_id, program_uuid, curriculum_uuid, status, refusal"
)
COURSE_COLUMNS = "line, lms_id, created, modified, program_lms_id, course_key, status, refusal"
REFUSAL_COLUMNS = "line, lms_id, refusal"

CREATE_TABLES = """
DROP TABLE IF EXISTS pg_temp.lms_program_enrollment, pg_temp.lms_course_enrollment;
DROP TABLE IF EXISTS pg_temp.lms_account, pg_temp.lms_school, pg_temp.lms_place, pg_temp.lms_standing_place;
CREATE TEMPORARY TABLE lms_program_enrollment (
    line integer, lms_id bigint, created timestamptz, modified timestamptz, student_key text, lms_user_id bigint,
    program_uuid uuid, curriculum_uuid uuid, status text, refusal text,
    user_id bigint, enrollment_id bigint, outcome text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE lms_course_enrollment (
    line integer, lms_id bigint, created timestamptz, modified timestamptz, program_lms_id bigint, course_key text,
    status text, refusal text,
    user_id bigint, school text, student_key text, enrollment_id bigint, row_id bigint, outcome text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE lms_account (lms_user_id bigint PRIMARY KEY, user_id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE lms_school (program_uuid uuid PRIMARY KEY, school text) ON COMMIT DROP;
CREATE TEMPORARY TABLE lms_standing_place (
    user_id bigint, school text, student_key text, course_key text, row_id bigint
) ON COMMIT DROP;
CREATE TEMPORARY TABLE lms_place (user_id bigint, course_key text, course_enrollment_id bigint) ON COMMIT DROP;
"""
INDEX_TABLES = """
CREATE INDEX ON lms_program_enrollment (lms_id);
ANALYZE lms_program_enrollment, lms_course_enrollment, lms_account;
"""

REFUSE_REPEATED = """
UPDATE {table} AS r SET refusal = format(%s, d.line)
FROM (
    SELECT {columns}, min(line) AS line FROM {table} WHERE {rows} AND ({columns}) IS NOT NULL
    GROUP BY {columns} HAVING count(*) > 1
) AS d
WHERE {rows} AND r.line > d.line AND ({own_columns}) = ({other_columns})
"""
REFUSE_PLACES = """
UPDATE lms_program_enrollment AS r SET refusal = %s
FROM unnest(%s::uuid[], %s::uuid[]) AS place (program_uuid, curriculum_uuid)
WHERE r.refusal IS NULL AND r.program_uuid = place.program_uuid
  AND r.curriculum_uuid = coalesce(place.curriculum_uuid, r.curriculum_uuid)
"""
STUDENT_KEYS = """
SELECT DISTINCT student_key FROM lms_program_enrollment
WHERE refusal IS NULL AND student_key IS NOT NULL AND program_uuid = ANY (%s::uuid[])
"""
TAKE_OVER_ACCOUNTS = """
UPDATE lms_program_enrollment AS r SET user_id = a.user_id
FROM lms_account AS a WHERE r.refusal IS NULL AND a.lms_user_id = r.lms_user_id
"""
TAKE_OVER_IDENTITIES = """
UPDATE lms_program_enrollment AS r
SET user_id = i.user_id,
    refusal = CASE WHEN r.user_id <> i.user_id THEN 'Another account here has its student key as an identity.' END
FROM unnest(%s::text[], %s::bigint[]) AS i (student_key, user_id)
WHERE r.refusal IS NULL AND r.program_uuid = ANY (%s::uuid[]) AND r.student_key = i.student_key
"""
# Those that are there cannot be deleted until the end.
HOLD_ACCOUNTS = f"""
WITH held AS (
    SELECT id FROM {ACCOUNTS} WHERE id IN (SELECT user_id FROM lms_program_enrollment) ORDER BY id FOR KEY SHARE
)
UPDATE lms_program_enrollment SET user_id = NULL WHERE user_id NOT IN (SELECT id FROM held)
"""  # noqa: S608 -- constants only
REFUSE_NOBODY = """
UPDATE lms_program_enrollment SET refusal = 'It has no student key, and no account here is known for its user_id.'
WHERE refusal IS NULL AND student_key IS NULL AND user_id IS NULL
"""
SAME_CURRICULUM = """
    r.refusal IS NULL AND e.program_uuid = r.program_uuid AND e.curriculum_uuid = r.curriculum_uuid
"""
MATCH_BY_STUDENT_KEY = f"""
UPDATE lms_program_enrollment AS r SET enrollment_id = e.id FROM program_enrollments_programenrollment AS e
WHERE {SAME_CURRICULUM} AND e.external_user_key = r.student_key
"""  # noqa: S608 -- constants only
MATCH_BY_ACCOUNT = f"""
UPDATE lms_program_enrollment AS r SET enrollment_id = e.id FROM program_enrollments_programenrollment AS e
WHERE {SAME_CURRICULUM} AND r.student_key IS NULL AND e.user_id = r.user_id
"""  # noqa: S608 -- constants only
REFUSE_TAKEN_ACCOUNTS = f"""
UPDATE lms_program_enrollment AS r SET refusal = 'Its account holds another enrollment in the curriculum here.'
FROM program_enrollments_programenrollment AS e
WHERE {SAME_CURRICULUM} AND e.user_id = r.user_id AND e.id IS DISTINCT FROM r.enrollment_id
"""  # noqa: S608 -- constants only
REFUSE_TAKEN_ENROLLMENTS = """
UPDATE lms_program_enrollment AS r SET refusal = 'Another account holds its enrollment here.'
FROM program_enrollments_programenrollment AS e
WHERE r.refusal IS NULL AND e.id = r.enrollment_id AND e.user_id <> r.user_id
"""
OUTCOME = f"""
CASE WHEN {{own}}.status = {{row}}.status THEN '{LmsRowOutcome.UNCHANGED.value}'
     WHEN {{row}}.modified > {{own}}.modified THEN {CHANGED_OUTCOME}
     ELSE '{LmsRowOutcome.NEWER_HERE.value}' END
"""
DECIDE_PROGRAM_ROWS = f"""
UPDATE lms_program_enrollment SET outcome = {ADDED_OUTCOME} WHERE refusal IS NULL AND enrollment_id IS NULL;
UPDATE lms_program_enrollment AS r
SET user_id = e.user_id, student_key = e.external_user_key, outcome = {OUTCOME.format(own="e", row="r")}
FROM program_enrollments_programenrollment AS e WHERE r.refusal IS NULL AND e.id = r.enrollment_id;
"""  # noqa: S608 -- constants only

FIND_PROGRAM_ROWS = f"""
UPDATE lms_course_enrollment AS c
SET enrollment_id = p.enrollment_id, user_id = p.user_id, school = s.school, student_key = p.student_key,
    outcome = {ADDED_OUTCOME}
FROM lms_program_enrollment AS p JOIN lms_school AS s ON s.program_uuid = p.program_uuid
WHERE c.refusal IS NULL AND p.refusal IS NULL AND p.lms_id = c.program_lms_id;
UPDATE lms_course_enrollment AS c SET refusal = 'Its program enrollment, on line ' || p.line || ', is refused.'
FROM lms_program_enrollment AS p WHERE c.refusal IS NULL AND c.outcome IS NULL AND p.lms_id = c.program_lms_id;
UPDATE lms_course_enrollment SET refusal = 'No program enrollment of the file has the id ' || program_lms_id || '.'
WHERE refusal IS NULL AND outcome IS NULL;
"""  # noqa: S608 -- constants only
DECIDE_COURSE_ROWS = f"""
UPDATE lms_course_enrollment AS c SET row_id = x.id, outcome = {OUTCOME.format(own="x", row="c")}
FROM program_enrollments_programcourseenrollment AS x
WHERE c.refusal IS NULL AND x.program_enrollment_id = c.enrollment_id AND x.course_key = c.course_key;
"""  # noqa: S608 -- constants only
BECOMES_ACTIVE = f"refusal IS NULL AND outcome IN {WRITTEN_OUTCOMES} AND status = {ACTIVE}"
# What stands of the learners as active in runs, but for what this import changes: that is judged by its own rows. It is
# looked for by accounts, then by student keys, which are two indexes; what is found twice does no harm.
FIND_STANDING_PLACES = f"""
INSERT INTO lms_standing_place (user_id, school, student_key, course_key, row_id)
SELECT e.user_id, s.school, e.external_user_key, x.course_key, x.id
FROM program_enrollments_programenrollment AS e
JOIN program_enrollments_programcourseenrollment AS x ON x.program_enrollment_id = e.id AND x.status = {ACTIVE}
LEFT JOIN lms_school AS s ON s.program_uuid = e.program_uuid
WHERE {{of_learners}}
  AND NOT EXISTS (
      SELECT FROM lms_course_enrollment AS c
      WHERE c.row_id = x.id AND c.outcome = {CHANGED_OUTCOME} AND c.refusal IS NULL
  )
"""  # noqa: S608 -- constants only
OF_ACCOUNTS = "e.user_id IN (SELECT user_id FROM lms_course_enrollment WHERE refusal IS NULL)"
OF_STUDENT_KEYS = f"""
(s.school, e.external_user_key, x.course_key) IN (
    SELECT school, student_key, course_key FROM lms_course_enrollment WHERE {BECOMES_ACTIVE}
)
"""  # noqa: S608 -- constants only
INDEX_STANDING_PLACES = """
CREATE INDEX ON lms_standing_place (user_id, course_key);
CREATE INDEX ON lms_standing_place (student_key, course_key);
ANALYZE lms_standing_place;
"""
ACTIVE_ELSEWHERE = """
EXISTS (
    SELECT FROM lms_standing_place AS s
    WHERE {learner} AND s.course_key = c.course_key AND s.row_id IS DISTINCT FROM c.row_id
)
"""
SAME_ACCOUNT = "s.user_id = c.user_id"
SAME_STUDENT_KEY = "s.school = c.school AND s.student_key = c.student_key"
REFUSE_STANDING_PLACES = f"""
UPDATE lms_course_enrollment AS c SET refusal = 'Its account is active in the run through another enrollment here.'
WHERE {BECOMES_ACTIVE} AND {ACTIVE_ELSEWHERE.format(learner=SAME_ACCOUNT)};
UPDATE lms_course_enrollment AS c SET refusal = 'Its student key is active in the run through another enrollment here.'
WHERE {BECOMES_ACTIVE} AND {ACTIVE_ELSEWHERE.format(learner=SAME_STUDENT_KEY)};
"""  # noqa: S608 -- constants only

ADDED_COURSE_KEYS = f"""
SELECT DISTINCT course_key FROM lms_course_enrollment
WHERE refusal IS NULL AND outcome = {ADDED_OUTCOME} ORDER BY course_key
"""  # noqa: S608 -- constants only
COUNT_OUTCOMES = f"""
SELECT CASE WHEN refusal IS NULL THEN outcome ELSE '{LmsRowOutcome.REFUSED.value}' END, count(*)
FROM {{table}} GROUP BY 1
"""  # noqa: S608 -- constants only
REFUSALS = "SELECT line, refusal FROM {table} WHERE refusal IS NOT NULL ORDER BY line"

ADD_PROGRAM_ENROLLMENTS = f"""
INSERT INTO program_enrollments_programenrollment
    (created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status)
SELECT created, modified, user_id, student_key, program_uuid, curriculum_uuid, status
FROM lms_program_enrollment WHERE refusal IS NULL AND outcome = {ADDED_OUTCOME} ORDER BY line
ON CONFLICT DO NOTHING RETURNING *
"""  # noqa: S608 -- constants only
CHANGE_PROGRAM_ENROLLMENTS = f"""
UPDATE program_enrollments_programenrollment AS e SET status = r.status, modified = r.modified
FROM lms_program_enrollment AS r WHERE r.refusal IS NULL AND r.outcome = {CHANGED_OUTCOME} AND e.id = r.enrollment_id
RETURNING e.*
"""  # noqa: S608 -- constants only
FIND_ADDED_ENROLLMENTS = f"""
UPDATE lms_program_enrollment AS r SET enrollment_id = e.id FROM program_enrollments_programenrollment AS e
WHERE {SAME_CURRICULUM} AND r.outcome = {ADDED_OUTCOME} AND e.external_user_key = r.student_key;
UPDATE lms_program_enrollment AS r SET enrollment_id = e.id FROM program_enrollments_programenrollment AS e
WHERE {SAME_CURRICULUM} AND r.outcome = {ADDED_OUTCOME} AND r.student_key IS NULL AND e.user_id = r.user_id;
UPDATE lms_course_enrollment AS c SET enrollment_id = p.enrollment_id FROM lms_program_enrollment AS p
WHERE c.refusal IS NULL AND c.enrollment_id IS NULL AND p.refusal IS NULL AND p.lms_id = c.program_lms_id;
"""  # noqa: S608 -- constants only
PLACES = f"""
SELECT c.user_id, c.course_key, bool_or(c.status = {ACTIVE} OR {ACTIVE_ELSEWHERE.format(learner=SAME_ACCOUNT)})
FROM lms_course_enrollment AS c
WHERE c.refusal IS NULL AND c.outcome IN {WRITTEN_OUTCOMES} AND c.user_id IS NOT NULL
GROUP BY c.course_key, c.user_id ORDER BY c.course_key, c.user_id
"""  # noqa: S608 -- constants only
OF_PLACE = "p.user_id = c.user_id AND p.course_key = c.course_key"
# Those that become inactive go first: at most one row of an account may be active in a run.
CHANGE_COURSE_ENROLLMENTS = f"""
UPDATE program_enrollments_programcourseenrollment AS x
SET status = c.status, modified = c.modified, course_enrollment_id = p.course_enrollment_id
FROM lms_course_enrollment AS c LEFT JOIN lms_place AS p ON {OF_PLACE}
WHERE c.refusal IS NULL AND c.outcome = {CHANGED_OUTCOME} AND c.status = %(status)s AND x.id = c.row_id
RETURNING x.*
"""  # noqa: S608 -- constants only
ADD_COURSE_ENROLLMENTS = f"""
INSERT INTO program_enrollments_programcourseenrollment
    (created, modified, program_enrollment_id, program_uuid, course_enrollment_id, course_key, status)
SELECT c.created, c.modified, c.enrollment_id, e.program_uuid, p.course_enrollment_id, c.course_key, c.status
FROM lms_course_enrollment AS c
JOIN program_enrollments_programenrollment AS e ON e.id = c.enrollment_id
LEFT JOIN lms_place AS p ON {OF_PLACE}
WHERE c.refusal IS NULL AND c.outcome = {ADDED_OUTCOME} ORDER BY c.line
ON CONFLICT DO NOTHING RETURNING *
"""  # noqa: S608 -- constants only

T = TypeVar("T")


def create_tables() -> None:
    """Make the tables, empty."""
    _run(CREATE_TABLES)


def stage_program_enrollments(rows: Iterable[LmsProgramEnrollment | LmsRefusal]) -> None:
    """Add the rows of the LMS's program enrollments."""
    for chunk in _chunks(rows):
        copy_into(
            PROGRAM_TABLE,
            PROGRAM_COLUMNS,
            (
                (
                    *(row.line, row.lms_id, row.created, row.modified, row.student_key, row.lms_user_id),
                    *(row.program_uuid, row.curriculum_uuid, row.status, None),
                )
                for row in chunk
                if isinstance(row, LmsProgramEnrollment)
            ),
        )
        _copy_refusals(PROGRAM_TABLE, chunk)


def stage_course_enrollments(rows: Iterable[LmsCourseEnrollment | LmsRefusal]) -> None:
    """Add the rows of the LMS's program course enrollments."""
    for chunk in _chunks(rows):
        copy_into(
            COURSE_TABLE,
            COURSE_COLUMNS,
            (
                (
                    *(row.line, row.lms_id, row.created, row.modified, row.program_lms_id, row.course_key),
                    *(row.status, None),
                )
                for row in chunk
                if isinstance(row, LmsCourseEnrollment)
            ),
        )
        _copy_refusals(COURSE_TABLE, chunk)


def stage_accounts(user_ids_by_lms_id: Mapping[int, int]) -> None:
    """Remember which account here is which of the LMS; the first answer for an LMS id stands."""
    _run(
        "INSERT INTO lms_account SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING",
        [list(user_ids_by_lms_id), list(user_ids_by_lms_id.values())],
    )


def stage_schools(organization_keys_by_program: Mapping[UUID, str | None]) -> None:
    """Remember which programs are of one school: those of an organization. One without is a school of its own."""
    schools = [
        f"organization:{organization_key}" if organization_key else f"program:{program_uuid}"
        for program_uuid, organization_key in organization_keys_by_program.items()
    ]
    _run(
        "INSERT INTO lms_school SELECT * FROM unnest(%s::uuid[], %s::text[])",
        [list(organization_keys_by_program), schools],
    )


def index_tables() -> None:
    """Make the tables quick to search, once they are filled."""
    _run(INDEX_TABLES)


def list_places() -> list[tuple[UUID, UUID]]:
    """Return the (program, curriculum) pairs that occur."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT program_uuid, curriculum_uuid FROM lms_program_enrollment WHERE refusal IS NULL"
        )
        return list(cursor.fetchall())


def list_added_course_keys() -> list[str]:
    """Return the course keys of the rows that would be added."""
    with connection.cursor() as cursor:
        cursor.execute(ADDED_COURSE_KEYS)
        return [key for (key,) in cursor.fetchall()]


def refuse_places(places: Sequence[tuple[UUID, UUID | None]], reason: str) -> None:
    """Refuse the rows of (program, curriculum) pairs; a curriculum of None stands for all of the program."""
    if places:
        programs, curricula = zip(*places, strict=True)
        _run(REFUSE_PLACES, [reason, list(programs), list(curricula)])


def iter_student_keys(program_uuids: Sequence[UUID]) -> Iterator[list[str]]:
    """Yield the student keys of rows in the programs, some thousands at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(STUDENT_KEYS, [list(program_uuids)])
        for chunk in _chunks(cursor):
            yield [key for (key,) in chunk]


def take_over_accounts() -> None:
    """Give rows the accounts that were staged for their LMS ids."""
    _run(TAKE_OVER_ACCOUNTS)


def take_over_identities(program_uuids: Sequence[UUID], user_ids_by_student_key: Mapping[str, int]) -> None:
    """Give rows in the programs the accounts that have their student keys; refuse those with another account."""
    keys, user_ids = list(user_ids_by_student_key), list(user_ids_by_student_key.values())
    _run(TAKE_OVER_IDENTITIES, [keys, user_ids, list(program_uuids)])


def decide_program_rows() -> None:
    """Refuse rows that cannot stand beside each other or beside ours, and give the others their outcome.

    The accounts of the rows are kept from being deleted until the transaction ends.
    """
    _run(HOLD_ACCOUNTS)
    _refuse_repeated(PROGRAM_TABLE, ["lms_id"], "Line %s has the same id.")
    place = ["program_uuid", "curriculum_uuid"]
    _refuse_repeated(PROGRAM_TABLE, ["student_key", *place], "Line %s enrolls the student key in the curriculum.")
    _run(REFUSE_NOBODY)
    _refuse_repeated(PROGRAM_TABLE, ["user_id", *place], "Line %s enrolls the account in the curriculum.")
    for statement in (MATCH_BY_STUDENT_KEY, MATCH_BY_ACCOUNT, REFUSE_TAKEN_ACCOUNTS, REFUSE_TAKEN_ENROLLMENTS):
        _run(statement)
    _refuse_repeated(PROGRAM_TABLE, ["enrollment_id"], "Line %s is about the same enrollment here.")
    _run(DECIDE_PROGRAM_ROWS)
    _run("ANALYZE lms_program_enrollment")


def decide_course_rows() -> None:
    """Do the same with the rows in course runs, after `decide_program_rows`.

    "The same learner" is the same account anywhere, or the same student key within a school (contract section 4.2).
    """
    _refuse_repeated(COURSE_TABLE, ["lms_id"], "Line %s has the same id.")
    _run(FIND_PROGRAM_ROWS)
    _refuse_repeated(COURSE_TABLE, ["program_lms_id", "course_key"], "Line %s enrolls the learner in the run.")
    _run(DECIDE_COURSE_ROWS)
    _run("ANALYZE lms_course_enrollment")
    for learners in (OF_ACCOUNTS, OF_STUDENT_KEYS):
        _run(FIND_STANDING_PLACES.format(of_learners=learners))
    _run(INDEX_STANDING_PLACES)
    _run(REFUSE_STANDING_PLACES)
    account, student_key = ["user_id", "course_key"], ["school", "student_key", "course_key"]
    _refuse_repeated(COURSE_TABLE, account, "Its account is active in the run by line %s.", rows=BECOMES_ACTIVE)
    _refuse_repeated(COURSE_TABLE, student_key, "Its student key is active in the run by line %s.", rows=BECOMES_ACTIVE)


def count_outcomes(table: LmsTable) -> dict[str, int]:
    """Return {outcome, or "refused": rows}, of those that occur."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_OUTCOMES.format(table=TABLES[table]))
        return dict(cursor.fetchall())


def iter_refusals(table: LmsTable) -> Iterator[tuple[int, str]]:
    """Yield (line, reason) of the refused rows, by line."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(REFUSALS.format(table=TABLES[table]))
        yield from cursor


def write_program_rows(source: ChangeSource) -> int:
    """Add and change program enrollments, with history; return how many."""
    changed = write_with_history(ProgramEnrollment, CHANGE_PROGRAM_ENROLLMENTS, {}, source=source, change=CHANGED)
    added = write_with_history(ProgramEnrollment, ADD_PROGRAM_ENROLLMENTS, {}, source=source, change=CREATED)
    _run(FIND_ADDED_ENROLLMENTS)
    return changed + added


def iter_account_places() -> Iterator[list[tuple[int, str, bool]]]:
    """Yield (user id, course key, whether active) of the accounts that rows place in runs, some thousands at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(PLACES)
        yield from _chunks(cursor)


def stage_account_places(course_enrollment_ids: Mapping[tuple[int, str], int]) -> None:
    """Remember {(user id, course key): id of the account's course enrollment}."""
    copy_into(
        "lms_place",
        "user_id, course_key, course_enrollment_id",
        ((user_id, course_key, pk) for (user_id, course_key), pk in course_enrollment_ids.items()),
    )


def write_course_rows(source: ChangeSource) -> int:
    """Add and change program course enrollments, with history; return how many."""
    _run("ANALYZE lms_place")
    written = 0
    for status in (ProgramCourseEnrollmentStatus.INACTIVE, ProgramCourseEnrollmentStatus.ACTIVE):
        written += write_with_history(
            ProgramCourseEnrollment, CHANGE_COURSE_ENROLLMENTS, {"status": status.value}, source=source, change=CHANGED
        )
    return written + write_with_history(
        ProgramCourseEnrollment, ADD_COURSE_ENROLLMENTS, {}, source=source, change=CREATED
    )


def _refuse_repeated(table: str, columns: Sequence[str], reason: str, *, rows: str = "refusal IS NULL") -> None:
    """Refuse all but the first of the rows that have the same in the columns; `rows` is the SQL of which rows count."""
    sql = REFUSE_REPEATED.format(
        table=table,
        rows=rows,
        columns=", ".join(columns),
        own_columns=", ".join(f"r.{column}" for column in columns),
        other_columns=", ".join(f"d.{column}" for column in columns),
    )
    _run(sql, [reason])


def _run(sql: str, parameters: Sequence[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, ROWS_PER_CHUNK)):
        yield chunk


def _copy_refusals(table: str, rows: Iterable[object]) -> None:
    copy_into(
        table, REFUSAL_COLUMNS, ((row.line, row.lms_id, row.reason) for row in rows if isinstance(row, LmsRefusal))
    )
