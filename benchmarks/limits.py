"""The limit of the database: bare psycopg2 and SQL doing the same rows, with the same history and durability."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from benchmarks import database

MAX_ID = 2**63 - 1

WRITE = """
WITH written AS (
    INSERT INTO program_enrollments_programenrollment AS e
        (created, modified, external_user_key, program_uuid, curriculum_uuid, status)
    SELECT now(), now(), records.student_key, %(program)s, %(curriculum)s, %(status)s
    FROM unnest(%(student_keys)s) AS records(student_key)
    ON CONFLICT (external_user_key, program_uuid, curriculum_uuid) DO UPDATE
        SET status = excluded.status, modified = excluded.modified
        WHERE e.status IS DISTINCT FROM excluded.status
    RETURNING e.*, (e.xmax = 0) AS is_new
)
INSERT INTO program_enrollments_historicalprogramenrollment
    (id, created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status,
     history_date, history_type, history_change_reason, history_user_id, request_id, client_id)
SELECT id, created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status,
       now(), CASE WHEN is_new THEN '+' ELSE '~' END, 'bare', NULL, '', ''
FROM written
"""
PAGE = """
SELECT e.external_user_key, e.status, e.user_id, e.curriculum_uuid::text, u.username, u.email
FROM (
    SELECT * FROM program_enrollments_programenrollment
    WHERE (program_uuid, id) > (%(program)s, %(after)s) AND (program_uuid, id) <= (%(program)s, %(last)s)
    ORDER BY program_uuid, id LIMIT 101
) AS e
LEFT JOIN learners_user AS u ON u.id = e.user_id
ORDER BY e.id
"""
EXPORT = """
COPY (
    SELECT external_user_key, status, curriculum_uuid FROM program_enrollments_programenrollment
    WHERE program_uuid = '{program}' AND external_user_key IS NOT NULL ORDER BY id
) TO STDOUT (FORMAT csv)
"""


class Limits:
    """Does what the service does, on one connection that stays open."""

    def __init__(self) -> None:
        self._connection = database.connect()

    def write(self, program_uuid: UUID, curriculum_uuid: UUID, student_keys: Sequence[str], status: str) -> None:
        """Create or update enrollments with their history, in one statement and a transaction of its own."""
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                WRITE,
                {
                    "program": str(program_uuid),
                    "curriculum": str(curriculum_uuid),
                    "student_keys": list(student_keys),
                    "status": status,
                },
            )
            cursor.execute("COMMIT")

    def read_page(self, program_uuid: UUID, after: int = 0) -> bytes:
        """Return the JSON of a page of 100."""
        with self._connection.cursor() as cursor:
            cursor.execute(PAGE, {"program": str(program_uuid), "after": after, "last": MAX_ID})
            rows = cursor.fetchall()
        results = [
            {
                "student_key": student_key,
                "status": status,
                "account_exists": user_id is not None,
                "curriculum_uuid": curriculum_uuid,
                "username": username or "",
                "email": email or "",
            }
            for student_key, status, user_id, curriculum_uuid, username, email in rows[:100]
        ]
        return json.dumps({"next": None, "previous": None, "results": results}).encode()

    def export(self, program_uuid: UUID) -> int:
        """Return the bytes of the program's enrollments as COPY sends them."""
        sink = CountingSink()
        with self._connection.cursor() as cursor:
            cursor.copy_expert(EXPORT.format(program=program_uuid), sink)
        return sink.size


class CountingSink:
    """A file that keeps nothing but its size."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: Any) -> int:
        """Count the bytes."""
        self.size += len(data)
        return len(data)
