"""Whom one of our own tokens stands for: account, application and roles, by one statement.

Every request asks. The ORM takes two queries for it, the composing of which took a quarter of a page's time.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models

from access.models import Application, RoleAssignment
from learners.service import User
from prepared.service import execution_of


class HeldRole(NamedTuple):
    """A role on an organization, by key, or on a program, by uuid; the other of the two is None."""

    organization_key: str | None
    program_uuid: UUID | None
    role: str


class Subject(NamedTuple):
    """An account, the application that is asked for (None: it is not the account's), and the roles that are held.

    `roles` are those of the account and of its groups.
    """

    user: User
    application: Application | None
    roles: tuple[HeldRole, ...]


def _columns(model: type[models.Model], table: str) -> str:
    return ", ".join(f"{table}.{connection.ops.quote_name(str(field.column))}" for field in model._meta.concrete_fields)


# `= ANY(ARRAY(...))`, as PostgreSQL uses no index for `OR ... IN (SELECT ...)`: it would read everybody's roles.
FIND_SUBJECT = f"""
SELECT ARRAY(
    SELECT json_build_array(organization_key, program_uuid, role) FROM {RoleAssignment._meta.db_table}
    WHERE user_id = account.id
    OR group_id = ANY(ARRAY(SELECT group_id FROM {User.groups.through._meta.db_table} WHERE user_id = account.id))
), {_columns(User, "account")}, {_columns(Application, "application")}
FROM {User._meta.db_table} AS account
LEFT JOIN {Application._meta.db_table} AS application
    ON application.user_id = account.id AND application.client_id = %(client_id)s
WHERE account.id = %(user_id)s
"""  # noqa: S608 -- identifiers come from our models, values are parameters


def find_subject(user_id: int, client_id: str | None = None) -> Subject | None:
    """Return the account with its roles, and its application of that client id; one query.

    None: there is no such account. Inactive accounts and revoked applications are returned too.
    """
    with connection.cursor() as cursor:
        cursor.execute(execution_of(FIND_SUBJECT), {"client_id": client_id, "user_id": user_id})
        row = cursor.fetchone()
    if row is None:
        return None
    roles, *values = row
    of_account = len(User._meta.concrete_fields)
    user = _as_instance(User, values[:of_account])
    application = None
    if values[of_account] is not None:
        application = _as_instance(Application, values[of_account:])
        application.user = user
    held = (HeldRole(key, UUID(program_uuid) if program_uuid else None, role) for key, program_uuid, role in roles)
    return Subject(user, application, tuple(held))


def _as_instance(model: Any, values: list[Any]) -> Any:
    return model.from_db(connection.alias, [field.attname for field in model._meta.concrete_fields], values)
