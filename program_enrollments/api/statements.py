"""Set-based writes of enrollments and of their history, each in one statement.

All writes of enrollments are here, in SQL. It replaces simple-history's `bulk_create_with_history` and
`bulk_update_with_history`, which take 3 and 5 times as long as the limit of the database where these take 1.5 times
(speed page), cannot tell which rows a race has taken away, and record rows that did not change. Records of program
enrollments are decided about in the statement that writes them, wherever they come from: 25 of a request, or thousands
of an import, which so never pass through Python.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import StringIO
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.utils import timezone

from prepared.service import execution_of
from program_enrollments.api.records import ChangeSource, ProgramEnrollmentRecord
from program_enrollments.constants import ACTIVE_PROGRAM_STATUSES, WriteAction, WriteFailure
from program_enrollments.models import ProgramEnrollment
from tracing.service import get_trace

ENROLLMENTS = connection.ops.quote_name(ProgramEnrollment._meta.db_table)
IDS_OF_ENROLLMENTS = f"{ProgramEnrollment._meta.db_table}_id_seq"
ACCOUNTS = connection.ops.quote_name(get_user_model()._meta.db_table)

COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

CREATED = "+"
CHANGED = "~"
DELETED = "-"


def insert_with_history(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    source: ChangeSource,
    returning: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Insert rows in the order given, each with its history entry; skip those that meet any unique constraint.

    `rows` map field attribute names (`user_id`, `status`) to values, the same names in every row.
    Returns the inserted rows: {attribute name: value} of `id` and of the names in `returning`.
    `created` and `modified` are now.
    """
    if not rows:
        return []
    now = timezone.now()
    names = list(rows[0])
    columns = _columns(model, names)
    sql = f"""
        WITH input AS ({_input_table(model, names)}),
        written AS (
            INSERT INTO {_table(model)} ({columns}, created, modified)
            SELECT {columns}, %(now)s, %(now)s FROM input ORDER BY input_order
            ON CONFLICT DO NOTHING
            RETURNING *
        ),
        logged AS ({_history_insert(model)})
        SELECT {_columns(model, ["id", *returning])} FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    values = {**_input_values(model, names, rows), **_history_values(source, now, CREATED)}
    return [dict(zip(["id", *returning], row, strict=True)) for row in _run(sql, values)]


def update_with_history(
    model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, source: ChangeSource
) -> set[int]:
    """Set the given fields of rows named by `id`; unchanged rows cost nothing and leave no history.

    The caller holds the locks of the rows. Returns the ids of the rows that changed.
    """
    if not rows:
        return set()
    names = [name for name in rows[0] if name != "id"]
    assignments = ", ".join(f"{_column(model, name)} = input.{_column(model, name)}" for name in names)
    # One that waits for a row here is late with its time: the row's own must not go back, nor that of its history.
    sql = f"""
        WITH input AS ({_input_table(model, ["id", *names])}),
        written AS (
            UPDATE {_table(model)} AS target SET {assignments}, modified = greatest(%(now)s, target.modified)
            FROM input
            WHERE target.id = input.id
            AND ({_columns(model, names, "target")}) IS DISTINCT FROM ({_columns(model, names, "input")})
            RETURNING target.*
        ),
        logged AS ({_history_insert(model, moment="modified")})
        SELECT id FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    values = {**_input_values(model, ["id", *names], rows), **_history_values(source, timezone.now(), CHANGED)}
    return {row[0] for row in _run(sql, values)}


def delete_with_history(model: type[models.Model], ids: Sequence[int], *, source: ChangeSource) -> None:
    """Delete rows, each with a history entry that tells what was deleted. Nothing may hang on them."""
    if not ids:
        return
    sql = f"""
        WITH written AS (DELETE FROM {_table(model)} WHERE id = ANY (%(ids)s) RETURNING *),
        logged AS ({_history_insert(model)})
        SELECT id FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    _run(sql, {"ids": list(ids), **_history_values(source, timezone.now(), DELETED)})


def write_with_history(
    model: type[models.Model], statement: str, values: Mapping[str, Any], *, source: ChangeSource, change: str
) -> int:
    """Run a statement that returns all columns of the rows that it writes, with their history entries; count the rows.

    `values` are those of its placeholders, by name. `change` is `CREATED` or `CHANGED`, and as true of every row. The
    caller holds the locks of the rows.
    """
    sql = f"""
        WITH written AS ({statement}),
        logged AS ({_history_insert(model)})
        SELECT count(*) FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    ((count,),) = _run(sql, {**values, **_history_values(source, timezone.now(), change)})
    return int(count)


def copy_into(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Add rows to a table by COPY: texts, None, and what `str` spells as PostgreSQL reads it."""
    lines = "".join("\t".join(map(_as_copy_text, row)) + "\n" for row in rows)
    if lines:
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", StringIO(lines))


def held_by(program_uuid: UUID, *, student_keys: Sequence[str]) -> RawSQL:
    """Return the condition that enrollments are in the program and of one of the student keys.

    The ORM's `program_uuid=…, external_user_key__in=…` is the same, but lets the planner walk a large program whose
    statistics lag behind, as they do while it is imported. This looks every key up by itself; OFFSET 0 and IS TRUE
    leave the planner no other way.
    """
    return RawSQL(
        """
        "program_enrollments_programenrollment"."id" = ANY (ARRAY(
            SELECT held.id FROM unnest(%s::text[]) AS wanted(student_key) CROSS JOIN LATERAL (
                SELECT id FROM program_enrollments_programenrollment
                WHERE external_user_key = wanted.student_key AND (program_uuid = %s) IS TRUE OFFSET 0
            ) AS held
        ))
        """,
        (as_array(student_keys), program_uuid),
        output_field=models.BooleanField(),
    )


@dataclass(frozen=True, slots=True)
class Query:
    """SQL, and {name of a placeholder: value}. `is_standing`: its text is one of a few, worth planning once."""

    sql: str
    values: Mapping[str, Any]
    is_standing: bool = False


class RowName(NamedTuple):
    """Which row of its source a row is, and whose."""

    input_order: int
    student_key: str


class RowAnswer(NamedTuple):
    """What became of one row: `failure` is a `WriteFailure` or None.

    `before` is the status that stood, and `enrollment_id` the enrollment that had it; None where one was created.
    """

    input_order: int
    failure: str | None
    before: str | None
    enrollment_id: int | None


class Claim(NamedTuple):
    """A place, in a program, that an account will take by one of its student keys."""

    user_id: int
    curriculum_uuid: UUID
    student_key: str


def as_rows(names: Sequence[RowName], records: Sequence[ProgramEnrollmentRecord]) -> Query:
    """Return the rows that records are, each with its name, as `decide_rows` takes them."""
    return Query(
        """
        SELECT *, '' AS expected
        FROM unnest(%(input_orders)s::integer[], %(student_keys)s::text[], %(curricula)s::uuid[], %(statuses)s::text[])
            AS records(input_order, student_key, curriculum_uuid, status)
        """,
        {
            "input_orders": as_array(name.input_order for name in names),
            "student_keys": as_array(name.student_key for name in names),
            "curricula": as_array(record.curriculum_uuid for record in records),
            "statuses": as_array(record.status for record in records),
        },
        is_standing=True,
    )


def decide_rows(
    rows: Query,
    *,
    program_uuid: UUID,
    action: WriteAction,
    accounts: Query | None,
    claims: Collection[Claim] = (),
    lock: bool,
) -> Query:
    """Return the beginning of a statement, WITH …, whose last table `decided` tells what becomes of rows.

    `rows` gives `input_order`, `student_key`, `curriculum_uuid`, `status` and `expected`. `decided` adds `failure` (a
    `WriteFailure`, or null), what stands (`enrollment_id` and `before`, its status), and `user_id`, the account for
    which one is created. `accounts` gives `student_key` and `user_id` of those who have an account (None: nobody is to
    be linked); `claims` tells what accounts will hold by earlier rows, not yet written. `lock` takes the locks of the
    rows that are to change, since a lock is a write; the caller holds the learners' locks then.

    A program's planner statistics lag behind while it is imported, and would let the planner walk the whole program.
    OFFSET 0, LIMIT and IS TRUE leave it no other way than to look every learner up.
    """
    is_update = action is WriteAction.UPDATE
    # Contract section 4.1: an update falls back on the learner's active, then latest enrollment.
    chosen = (
        """
        ORDER BY (e.curriculum_uuid = input.curriculum_uuid) DESC NULLS LAST, e.status = ANY (%(active)s) DESC,
                 e.modified DESC, e.id DESC
        LIMIT 1
        """
        if is_update
        else "AND e.curriculum_uuid = input.curriculum_uuid OFFSET 0"
    )
    refused = {
        WriteAction.CREATE: "WHEN enrollment_id IS NOT NULL THEN %(conflict)s",
        WriteAction.UPDATE: "WHEN enrollment_id IS NULL THEN %(not_in_program)s",
        WriteAction.UPSERT: "",
    }[action]
    account, joined = "NULL::bigint", ""
    if accounts:
        account = "accounts.user_id"
        joined = f"LEFT JOIN ({accounts.sql}) AS accounts ON accounts.student_key = input.student_key"
    tables = f"""
        WITH input AS MATERIALIZED ({rows.sql}),
        found AS MATERIALIZED (
            SELECT input.input_order, held.id, held.status, held.status <> input.status AS differs
            FROM input CROSS JOIN LATERAL (
                SELECT e.id, e.status FROM {ENROLLMENTS} AS e
                WHERE e.external_user_key = input.student_key AND (e.program_uuid = %(program)s) IS TRUE {chosen}
            ) AS held
        ),
        held AS MATERIALIZED (
            SELECT id, status FROM {ENROLLMENTS} WHERE id = ANY (ARRAY(SELECT id FROM found WHERE differs))
            ORDER BY id {"FOR NO KEY UPDATE" if lock else ""}
        ),
        placed AS MATERIALIZED (
            SELECT input.*,
                   CASE WHEN found.differs THEN held.id ELSE found.id END AS enrollment_id,
                   CASE WHEN found.differs THEN held.status ELSE found.status END AS before,
                   {account} AS account_id
            FROM input
            LEFT JOIN found ON found.input_order = input.input_order
            LEFT JOIN held ON held.id = found.id
            {joined}
        )
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    user_id, taken = "NULL::bigint", ""
    if accounts:
        tables += _tables_of_accounts(lock=lock)
        user_id = "there.id"
        refused += " WHEN taken.input_order IS NOT NULL THEN %(conflict)s"
        taken = """
            LEFT JOIN linked ON linked.input_order = placed.input_order
            LEFT JOIN there ON there.id = linked.user_id
            LEFT JOIN taken ON taken.input_order = placed.input_order
        """
    sql = f"""
        {tables},
        decided AS MATERIALIZED (
            SELECT placed.*, {user_id} AS user_id, {f"CASE {refused} END" if refused else "NULL::text"} AS failure
            FROM placed {taken}
        )
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    return Query(
        sql,
        {
            **rows.values,
            "program": program_uuid,
            "active": list(ACTIVE_PROGRAM_STATUSES),
            "conflict": WriteFailure.CONFLICT.value,
            "not_in_program": WriteFailure.NOT_IN_PROGRAM.value,
            **(accounts.values if accounts else {}),
            "claim_ids": as_array(claim.user_id for claim in claims),
            "claim_curricula": as_array(claim.curriculum_uuid for claim in claims),
            "claim_keys": as_array(claim.student_key for claim in claims),
        },
        rows.is_standing,
    )


def _tables_of_accounts(*, lock: bool) -> str:
    """Return the tables of `decide_rows` about the accounts for which enrollments are to be created.

    `linked`: the rows with the accounts of their keys; `there`: the accounts that still are; `taken`: the rows whose
    account holds an enrollment in the curriculum, or will by another student key.
    """
    return f"""
        , linked AS MATERIALIZED (
            SELECT input_order, student_key, curriculum_uuid, account_id AS user_id
            FROM placed WHERE enrollment_id IS NULL AND account_id IS NOT NULL
        ),
        there AS MATERIALIZED (
            SELECT id FROM {ACCOUNTS} WHERE id = ANY (ARRAY(SELECT user_id FROM linked))
            ORDER BY id {"FOR KEY SHARE" if lock else ""}
        ),
        claims AS (
            SELECT * FROM unnest(%(claim_ids)s::bigint[], %(claim_curricula)s::uuid[], %(claim_keys)s::text[])
                AS claims(user_id, curriculum_uuid, student_key)
        ),
        taken AS MATERIALIZED (
            SELECT input_order
            FROM (
                SELECT *, first_value(student_key) OVER (
                    PARTITION BY user_id, curriculum_uuid ORDER BY input_order
                ) AS first_key
                FROM linked
            ) AS l
            WHERE first_key <> student_key
            OR EXISTS (
                SELECT FROM claims
                WHERE claims.user_id = l.user_id AND claims.curriculum_uuid = l.curriculum_uuid
                AND claims.student_key <> l.student_key
            )
            OR EXISTS (
                SELECT FROM {ENROLLMENTS} AS e
                WHERE e.user_id = l.user_id AND (e.program_uuid = %(program)s) IS TRUE
                AND e.curriculum_uuid = l.curriculum_uuid
                OFFSET 0
            )
        )
    """  # noqa: S608 -- identifiers come from our models


def write_rows(
    decision: Query, *, program_uuid: UUID, source: ChangeSource, locks: Query | None = None
) -> list[RowAnswer]:
    """Write what `decide_rows` decided, with history; unchanged rows cost nothing and leave no history.

    There is one row a place at most; with UPDATE, one a student key. `locks` are taken first: PostgreSQL sees what is
    committed until then, and outside of a transaction makes one of both.
    Returns the answers, in no order, to all rows that failed or before which something else stood than was expected.
    """
    now = timezone.now()
    # Ids are in the order sent, by which listings come. Requests that meet in the unique constraint of accounts come to
    # it in the same order. One that waits for locks here is late with its time: a row's own must not go back, nor that
    # of its history.
    sql = f"""
        {decision.sql},
        updated AS (
            UPDATE {ENROLLMENTS} AS e SET status = decided.status, modified = greatest(%(now)s, e.modified)
            FROM decided
            WHERE e.id = decided.enrollment_id AND decided.failure IS NULL AND decided.status <> decided.before
            RETURNING e.*
        ),
        numbered AS MATERIALIZED (
            SELECT nextval(%(ids)s::regclass) AS id, user_id, student_key, curriculum_uuid, status
            FROM (
                SELECT * FROM decided WHERE enrollment_id IS NULL AND failure IS NULL ORDER BY input_order OFFSET 0
            ) AS new
        ),
        inserted AS (
            INSERT INTO {ENROLLMENTS}
                (id, user_id, external_user_key, program_uuid, curriculum_uuid, status, created, modified)
            SELECT id, user_id, student_key, %(program)s, curriculum_uuid, status, %(now)s, %(now)s
            FROM numbered ORDER BY user_id NULLS FIRST, id
            ON CONFLICT DO NOTHING
            RETURNING *
        ),
        written AS (
            SELECT *, %(changed)s AS change FROM updated UNION ALL SELECT *, %(created)s FROM inserted
        ),
        logged AS ({_history_insert(ProgramEnrollment, change="change", moment="modified")}),
        answers AS (
            SELECT decided.input_order, decided.before, decided.expected, decided.enrollment_id,
                   CASE WHEN decided.failure IS NULL AND decided.enrollment_id IS NULL AND inserted.id IS NULL
                        THEN %(conflict)s ELSE decided.failure END AS failure
            FROM decided
            LEFT JOIN inserted ON inserted.external_user_key = decided.student_key
                AND inserted.curriculum_uuid = decided.curriculum_uuid
        )
        SELECT input_order, failure, before, enrollment_id FROM answers
        WHERE failure IS NOT NULL OR before IS DISTINCT FROM expected
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    values = {
        **decision.values,
        "program": program_uuid,
        "ids": IDS_OF_ENROLLMENTS,
        "created": CREATED,
        "changed": CHANGED,
        **_history_values(source, now),
    }
    if decision.is_standing:
        sql = execution_of(sql)
    if locks:
        sql, values = f"{locks.sql}; {sql}", {**locks.values, **values}
    return [RowAnswer(*row) for row in _run(sql, values)]


def _run(sql: str, parameters: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    return next(field for field in model._meta.concrete_fields if field.attname == name)


def _column(model: type[models.Model], name: str) -> str:
    return connection.ops.quote_name(str(_field(model, name).column))


def _columns(model: type[models.Model], names: Sequence[str], table: str = "") -> str:
    return ", ".join(f"{table}.{_column(model, name)}" if table else _column(model, name) for name in names)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _input_table(model: type[models.Model], names: Sequence[str]) -> str:
    arrays = ", ".join(f"%(input_{name})s::{_field(model, name).rel_db_type(connection)}[]" for name in names)
    return f"SELECT * FROM unnest({arrays}) WITH ORDINALITY AS rows({_columns(model, names)}, input_order)"  # noqa: S608 -- as above


def _input_values(model: type[models.Model], names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {f"input_{name}": _input_array(_field(model, name), [row[name] for row in rows]) for name in names}


def _input_array(field: "models.Field[Any, Any]", values: Sequence[Any]) -> str:
    # Most columns of a large write have few values.
    prepared = {value: field.get_db_prep_save(value, connection) for value in set(values)}
    return as_array(prepared[value] for value in values)


def as_array(values: Iterable[Any]) -> str:
    """Return the text of an array: one parameter, where psycopg2 would send an expression for each item."""
    items = list(values)
    if set(map(type, items)) <= {str, int}:
        text = orjson.dumps(items).decode()
        # JSON and arrays quote alike, but for what needs a backslash.
        if "\\" not in text:
            return f"{{{text[1:-1]}}}"
    texts = {item: _array_item(item) for item in set(items)}
    return f"{{{','.join([texts[item] for item in items])}}}"


def _array_item(value: Any) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _as_copy_text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value if value.isalnum() else value.translate(COPY_ESCAPES)
    return str(value)


@cache
def _history_insert(model: type[models.Model], *, change: str = "%(change)s", moment: str = "%(now)s") -> str:
    """Return the statement that logs the table `written`; `change` is the SQL of an entry's type, `moment` its time."""
    columns = _columns(model, [field.attname for field in model._meta.concrete_fields])
    history: type[models.Model] = model.history.model  # type: ignore[attr-defined]  # simple-history adds it
    return f"""
        INSERT INTO {_table(history)} (
            {columns}, history_type, history_date, history_user_id, history_change_reason, request_id, client_id
        )
        SELECT {columns}, {change}, {moment}, %(by)s, %(reason)s, %(request_id)s, %(client_id)s FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters


def _history_values(source: ChangeSource, now: datetime, change: str = "") -> dict[str, Any]:
    trace = get_trace()
    return {
        "now": now,
        "change": change,
        "by": source.user_id,
        "reason": source.reason,
        "request_id": trace.request_id,
        "client_id": trace.client_id,
    }
