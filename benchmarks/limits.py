"""The limit of the database: bare psycopg2 and SQL doing the same rows, with the same history and durability.

Musts and aims are held against an ordinary program, as they were set. The service has means that such a program has
not, so a second limit, which has them too, stands beside it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from benchmarks import database
from prepared.service import prepare

MAX_ID = 2**63 - 1

WRITE = """
WITH written AS (
    INSERT INTO program_enrollments_programenrollment AS e
        (created, modified, external_user_key, program_uuid, curriculum_uuid, status)
    SELECT now(), now(), records.student_key, %(program)s::uuid, %(curriculum)s::uuid, %(status)s::text
    FROM unnest(%(student_keys)s::text[]) AS records(student_key)
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
    """Does what the service does, on one connection that stays open, as an ordinary program with psycopg2 does it."""

    def __init__(self) -> None:
        self._connection = database.connect()
        self._write = ["BEGIN", WRITE, "COMMIT"]
        self._page = PAGE
        self._as_array: Callable[[Sequence[str]], object] = list
        self._as_json: Callable[[object], bytes] = lambda page: json.dumps(page).encode()

    def write(self, program_uuid: UUID, curriculum_uuid: UUID, student_keys: Sequence[str], status: str) -> None:
        """Create or update enrollments with their history, in one statement and a transaction of its own."""
        values = {
            "program": str(program_uuid),
            "curriculum": str(curriculum_uuid),
            "student_keys": self._as_array(student_keys),
            "status": status,
        }
        with self._connection.cursor() as cursor:
            for statement in self._write:
                cursor.execute(statement, values)

    def read_page(self, program_uuid: UUID) -> bytes:
        """Return the JSON of the first page of 100."""
        with self._connection.cursor() as cursor:
            cursor.execute(self._page, {"program": str(program_uuid), "after": 0, "last": MAX_ID})
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
        return self._as_json({"next": None, "previous": None, "results": results})

    def export(self, program_uuid: UUID) -> int:
        """Return the bytes of the program's enrollments as COPY sends them."""
        sink = CountingSink()
        with self._connection.cursor() as cursor:
            cursor.copy_expert(EXPORT.format(program=program_uuid), sink)
        return sink.size


class PreparedLimits(Limits):
    """Does it with the means of the service: statements that are planned once, in one round trip each, and orjson."""

    def __init__(self) -> None:
        super().__init__()
        # A statement outside of a transaction is one by itself.
        with self._connection.cursor() as cursor:
            self._write = [prepare(cursor, "bare_write", WRITE)]
            self._page = prepare(cursor, "bare_page", PAGE)
        self._as_array = lambda items: f"{{{','.join(items)}}}"
        self._as_json = orjson.dumps


def describe(medians: Mapping[str, float]) -> str:
    """Return in words what both limits took, and how many times as much the service took as the prepared one."""
    prepared = medians["prepared_limit"]
    return f"{medians['limit']:.2f} ms; prepared limit: {prepared:.2f} ms, {medians['service'] / prepared:.2f} x"


class CountingSink:
    """A file that keeps nothing but its size."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: Any) -> int:
        """Count the bytes."""
        self.size += len(data)
        return len(data)
