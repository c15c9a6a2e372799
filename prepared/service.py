"""The front door of prepared: statements that PostgreSQL reads and plans once a connection.

For those that stand as they are, and take as long to plan as to run; psycopg2 has no call for it. A write of 25 records
is a third cheaper so, and what a request asks before its own work a fifth. What is prepared is one connection's: behind
a pooler that gives a client another connection for each transaction, it would be missing (operations page).

Not for statements of which the planner must know a value: a LIMIT that varies, or a condition that few rows meet.
"""

import re
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections

PLACEHOLDER = re.compile(r"%\((\w+)\)s")

_executions: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
"""{connection: {SQL: what executes it}}."""


def execution_of(sql: str) -> str:
    """Return the SQL by which the statement is executed with the same named placeholders; prepare it if it is new.

    PostgreSQL must be able to tell the type of each placeholder. Raises: DatabaseError.
    """
    connection = connections[DEFAULT_DB_ALIAS]  # once: each look through Django's proxy takes microseconds
    connection.close_if_health_check_failed()  # or else the cursor of the caller could be another connection's
    connection.ensure_connection()
    prepared = _executions.setdefault(connection.connection, {})
    if sql not in prepared:
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            prepared[sql] = prepare(cursor, f"standing_{len(prepared)}", sql)
    return prepared[sql]


def prepare(cursor: Any, name: str, sql: str) -> str:
    """Prepare a statement on the connection of psycopg2's cursor; return the SQL that executes it, as `execution_of`.

    Raises: psycopg2.Error.
    """
    placeholders = list(dict.fromkeys(PLACEHOLDER.findall(sql)))
    parameters = {each: f"${number}" for number, each in enumerate(placeholders, start=1)}
    cursor.execute(f"PREPARE {name} AS {sql % parameters}")
    return f"EXECUTE {name} ({', '.join(f'%({each})s' for each in placeholders)})"
