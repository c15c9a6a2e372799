"""What must hold of enrollments, whoever wrote them in whatever order: SQL that finds where it does not.

`%(programs)s` are the programs in question, `%(by_hand)s` the reason of changes that took an account away.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from torture.report import Line
from torture.school import Place

BY_HAND = "taken from its account by hand"

ACTIVE = """
    SELECT c.id, c.course_key, c.course_enrollment_id, e.user_id, e.external_user_key, o.organization_id
    FROM program_enrollments_programcourseenrollment AS c
    JOIN program_enrollments_programenrollment AS e ON e.id = c.program_enrollment_id
    JOIN catalog_program AS p ON p.uuid = e.program_uuid
    JOIN catalog_programorganization AS o ON o.program_id = p.id AND o.position = 0
    WHERE c.status = 'active' AND e.program_uuid = ANY (%(programs)s::uuid[])
"""


def _history_differs(table: str, history: str, columns: str) -> str:
    now = ", ".join(f"t.{column}" for column in columns.split(", "))
    then = ", ".join(f"h.{column}" for column in columns.split(", "))
    return f"""
        SELECT t.id, h.id FROM (SELECT * FROM {table} WHERE program_uuid = ANY (%(programs)s::uuid[])) AS t
        FULL JOIN (
            SELECT * FROM (
                SELECT DISTINCT ON (id) * FROM {history} WHERE program_uuid = ANY (%(programs)s::uuid[])
                ORDER BY id, history_id DESC
            ) AS latest WHERE history_type <> '-'
        ) AS h ON h.id = t.id
        WHERE ({now}) IS DISTINCT FROM ({then})
    """


def _history_begins_oddly(history: str) -> str:
    return f"""
        SELECT id FROM {history} WHERE program_uuid = ANY (%(programs)s::uuid[])
        GROUP BY id HAVING count(*) FILTER (WHERE history_type = '+') <> 1
    """


PROGRAM, COURSE = "program_enrollments_programenrollment", "program_enrollments_programcourseenrollment"
PROGRAM_HISTORY = "program_enrollments_historicalprogramenrollment"
COURSE_HISTORY = "program_enrollments_historicalprogramcourseenrollment"

INVARIANTS = {
    "An account is active in a course run twice": f"""
        SELECT user_id, course_key FROM ({ACTIVE}) AS active
        WHERE user_id IS NOT NULL GROUP BY user_id, course_key HAVING count(*) > 1
    """,
    "A student key is active in a course run twice": f"""
        SELECT organization_id, course_key FROM ({ACTIVE}) AS active
        WHERE external_user_key IS NOT NULL GROUP BY organization_id, external_user_key, course_key HAVING count(*) > 1
    """,
    "A student key is enrolled in a curriculum twice": f"""
        SELECT program_uuid, curriculum_uuid FROM {PROGRAM} WHERE program_uuid = ANY (%(programs)s::uuid[])
        GROUP BY program_uuid, curriculum_uuid, external_user_key HAVING count(*) > 1
    """,
    "A learner's place in a run is not the account's": f"""
        SELECT c.id FROM {COURSE} AS c
        JOIN {PROGRAM} AS e ON e.id = c.program_enrollment_id
        LEFT JOIN learners_courseenrollment AS l ON l.id = c.course_enrollment_id
        WHERE c.program_uuid = ANY (%(programs)s::uuid[])
        AND ((e.user_id, CASE WHEN e.user_id IS NOT NULL THEN c.course_key END)
             IS DISTINCT FROM (l.user_id, l.course_key) OR c.program_uuid <> e.program_uuid)
    """,
    "An account's place in a run is active without reason, or inactive in spite of one": f"""
        SELECT l.id FROM learners_courseenrollment AS l
        JOIN {COURSE} AS c ON c.course_enrollment_id = l.id
        WHERE c.program_uuid = ANY (%(programs)s::uuid[])
        GROUP BY l.id HAVING l.is_active <> bool_or(c.status = 'active')
    """,
    "A role waits though there is an account": f"""
        SELECT r.id FROM program_enrollments_courseaccessroleassignment AS r
        JOIN {COURSE} AS c ON c.id = r.enrollment_id
        JOIN {PROGRAM} AS e ON e.id = c.program_enrollment_id
        WHERE e.program_uuid = ANY (%(programs)s::uuid[]) AND e.user_id IS NOT NULL
    """,
    "An enrollment waits though its learner has an identity": f"""
        SELECT e.id FROM {PROGRAM} AS e
        JOIN catalog_program AS p ON p.uuid = e.program_uuid
        JOIN catalog_programorganization AS o ON o.program_id = p.id AND o.position = 0
        JOIN learners_identityprovider AS i ON i.organization_id = o.organization_id
        JOIN social_auth_usersocialauth AS s ON s.uid = i.slug || ':' || e.external_user_key
        WHERE e.program_uuid = ANY (%(programs)s::uuid[]) AND e.user_id IS NULL
        AND NOT EXISTS (
            SELECT FROM {PROGRAM_HISTORY} AS h WHERE h.id = e.id AND h.history_change_reason = %(by_hand)s
        )
        AND NOT EXISTS (
            SELECT FROM {PROGRAM} AS other WHERE other.user_id = s.user_id AND other.program_uuid = e.program_uuid
        )
    """,
    "The history of a program enrollment does not end with what is there": _history_differs(
        PROGRAM, PROGRAM_HISTORY, "id, user_id, external_user_key, program_uuid, curriculum_uuid, status"
    ),
    "The history of a course enrollment does not end with what is there": _history_differs(
        COURSE, COURSE_HISTORY, "id, program_enrollment_id, program_uuid, course_enrollment_id, course_key, status"
    ),
    "A program enrollment was not created once": _history_begins_oddly(PROGRAM_HISTORY),
    "A course enrollment was not created once": _history_begins_oddly(COURSE_HISTORY),
}


HELD = f"""
    SELECT (SELECT count(*) FROM {PROGRAM}
            WHERE program_uuid = ANY (%(programs)s::uuid[]) AND user_id IS NOT NULL AND status = 'enrolled'),
           (SELECT count(*) FROM ({ACTIVE}) AS active WHERE user_id IS NOT NULL)
"""


def check_invariants(places: Iterable[Place], line: Line) -> None:
    """Accuse each row that breaks an invariant."""
    for what, sql in INVARIANTS.items():
        for row in _select(sql, places):
            line.accuse(f"{what} {row}")


def count_held(places: Iterable[Place]) -> tuple[int, int]:
    """Return how many linked learners are enrolled in the programs, and active in course runs."""
    ((enrolled, active),) = _select(HELD, places)
    return enrolled, active


def _select(sql: str, places: Iterable[Place]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"programs": [str(place.program_uuid) for place in places], "by_hand": BY_HAND})
        return list(cursor.fetchall())
