"""Whom one of our own tokens stands for: account, application and roles, by one statement.

Every request asks. The ORM takes two queries for it, the composing of which took a quarter of a page's time.
"""

from collections.abc import Sequence
from typing import NamedTuple
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


# What requests are judged by: by the password's hash, whether it is still the one that a token was given out for. The
# hashes of client secrets are among what stays where it is.
ACCOUNT_FIELDS = ("id", "username", "password", "is_active", "is_staff", "is_superuser")
APPLICATION_FIELDS = ("id", "client_id", "user_id", "allowed_scopes", "revoked_at")


def _columns(model: type[models.Model], table: str, names: Sequence[str]) -> str:
    fields = [field for field in model._meta.concrete_fields if field.attname in names]
    return ", ".join(f"{table}.{connection.ops.quote_name(str(field.column))}" for field in fields)


# `= ANY(ARRAY(...))`, as PostgreSQL uses no index for `OR ... IN (SELECT ...)`: it would read everybody's roles.
FIND_SUBJECT = f"""
SELECT ARRAY(
    SELECT json_build_array(organization_key, program_uuid, role) FROM {RoleAssignment._meta.db_table}
    WHERE user_id = account.id
    OR group_id = ANY(ARRAY(SELECT group_id FROM {User.groups.through._meta.db_table} WHERE user_id = account.id))
), {_columns(User, "account", ACCOUNT_FIELDS)}, {_columns(Application, "application", APPLICATION_FIELDS)}
FROM {User._meta.db_table} AS account
LEFT JOIN {Application._meta.db_table} AS application
    ON application.user_id = account.id AND application.client_id = %(client_id)s
WHERE account.id = %(user_id)s
"""  # noqa: S608 -- identifiers come from our models, values are parameters


def find_subject(user_id: int, client_id: str | None = None) -> Subject | None:
    """Return the account with its roles, and its application of that client id; one query.

    Of account and application the fields named above are loaded; others would take a query when they are asked for.
    None: there is no such account. Inactive accounts and revoked applications are returned too.
    """
    with connection.cursor() as cursor:
        cursor.execute(execution_of(FIND_SUBJECT), {"client_id": client_id, "user_id": user_id})
        row = cursor.fetchone()
    if row is None:
        return None
    roles, *values = row
    of_account, of_application = values[: len(ACCOUNT_FIELDS)], values[len(ACCOUNT_FIELDS) :]
    user = User.from_db(connection.alias, ACCOUNT_FIELDS, of_account)
    application = None
    if of_application[0] is not None:
        application = Application.from_db(connection.alias, APPLICATION_FIELDS, of_application)
        application.user = user
    held = (HeldRole(key, UUID(program_uuid) if program_uuid else None, role) for key, program_uuid, role in roles)
    return Subject(user, application, tuple(held))
