"""Set-based writes of enrollments and of their history, each in one statement.

This is the one place for SQL written by hand. It replaces simple-history's `bulk_create_with_history` and
`bulk_update_with_history`, which cost a statement more each, cannot tell which rows a race has taken away, and record
rows that did not change.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.utils import timezone

from program_enrollments.api.records import ChangeSource
from tracing.service import get_trace

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
            SELECT {columns}, %s, %s FROM input ORDER BY input_order
            ON CONFLICT DO NOTHING
            RETURNING *
        ),
        logged AS ({_history_insert(model)})
        SELECT {_columns(model, ["id", *returning])} FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    parameters = [*_input_arrays(model, names, rows), now, now, *_history_parameters(source, CREATED, now)]
    return [dict(zip(["id", *returning], row, strict=True)) for row in _run(sql, parameters)]


def update_with_history(
    model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, source: ChangeSource
) -> set[int]:
    """Set the given fields of rows named by `id`; unchanged rows cost nothing and leave no history.

    The caller holds the locks of the rows. Returns the ids of the rows that changed.
    """
    if not rows:
        return set()
    now = timezone.now()
    names = [name for name in rows[0] if name != "id"]
    assignments = ", ".join(f"{_column(model, name)} = input.{_column(model, name)}" for name in names)
    sql = f"""
        WITH input AS ({_input_table(model, ["id", *names])}),
        written AS (
            UPDATE {_table(model)} AS target SET {assignments}, modified = %s
            FROM input
            WHERE target.id = input.id
            AND ({_columns(model, names, "target")}) IS DISTINCT FROM ({_columns(model, names, "input")})
            RETURNING target.*
        ),
        logged AS ({_history_insert(model)})
        SELECT id FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    parameters = [*_input_arrays(model, ["id", *names], rows), now, *_history_parameters(source, CHANGED, now)]
    return {row[0] for row in _run(sql, parameters)}


def delete_with_history(model: type[models.Model], ids: Sequence[int], *, source: ChangeSource) -> None:
    """Delete rows, each with a history entry that tells what was deleted. Nothing may hang on them."""
    if not ids:
        return
    sql = f"""
        WITH written AS (DELETE FROM {_table(model)} WHERE id = ANY (%s) RETURNING *),
        logged AS ({_history_insert(model)})
        SELECT id FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters
    _run(sql, [list(ids), *_history_parameters(source, DELETED, timezone.now())])


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
        (_array(student_keys), program_uuid),
        output_field=models.BooleanField(),
    )


def list_curricula_of_accounts(program_uuid: UUID, user_ids: Collection[int]) -> list[tuple[int, UUID]]:
    """Return (user id, curriculum) of the accounts' enrollments in the program; looked up as in `held_by`."""
    return _run(
        """
        SELECT wanted.user_id, held.curriculum_uuid
        FROM unnest(%s::bigint[]) AS wanted(user_id) CROSS JOIN LATERAL (
            SELECT curriculum_uuid FROM program_enrollments_programenrollment
            WHERE user_id = wanted.user_id AND (program_uuid = %s) IS TRUE OFFSET 0
        ) AS held
        """,
        [_array(user_ids), program_uuid],
    )


def _run(sql: str, parameters: Sequence[Any]) -> list[Any]:
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
    arrays = ", ".join(f"%s::{_field(model, name).rel_db_type(connection)}[]" for name in names)
    return f"SELECT * FROM unnest({arrays}) WITH ORDINALITY AS rows({_columns(model, names)}, input_order)"  # noqa: S608 -- as above


def _input_arrays(model: type[models.Model], names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_input_array(_field(model, name), [row[name] for row in rows]) for name in names]


def _input_array(field: "models.Field[Any, Any]", values: Sequence[Any]) -> str:
    # Most columns of a large write have few values.
    prepared = {value: _array_item(field.get_db_prep_save(value, connection)) for value in set(values)}
    return f"{{{','.join([prepared[value] for value in values])}}}"


def _array(values: Iterable[Any]) -> str:
    """Return the text of an array: one parameter, where psycopg2 would send an expression for each item."""
    return f"{{{','.join(map(_array_item, values))}}}"


def _array_item(value: Any) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _history_insert(model: type[models.Model]) -> str:
    columns = _columns(model, [field.attname for field in model._meta.concrete_fields])
    history: type[models.Model] = model.history.model  # type: ignore[attr-defined]  # simple-history adds it
    return f"""
        INSERT INTO {_table(history)} (
            {columns}, history_date, history_type, history_user_id, history_change_reason, request_id, client_id
        )
        SELECT {columns}, %s, %s, %s, %s, %s, %s FROM written
    """  # noqa: S608 -- identifiers come from our models, values are parameters


def _history_parameters(source: ChangeSource, change: str, now: Any) -> list[Any]:
    trace = get_trace()
    return [now, change, source.user_id, source.reason, trace.request_id, trace.client_id]
