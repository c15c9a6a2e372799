"""Identities: what an organization's providers call an account (contract section 7)."""

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Count
from social_django.models import UserSocialAuth

from learners.models import IdentityProvider


def _table(model: Any) -> str:
    return connection.ops.quote_name(model._meta.db_table)


@cache
def _identities_sql() -> str:
    # One statement and one parameter, where the ORM makes two queries and an expression of each of thousands of keys.
    return f"""
        SELECT DISTINCT ON (wanted.student_key) wanted.student_key, held.user_id
        FROM {_table(IdentityProvider)} AS provider
        JOIN {_table(IdentityProvider._meta.get_field("organization").related_model)} AS organization
            ON organization.id = provider.organization_id
        CROSS JOIN jsonb_array_elements_text(%(identity_keys)s::jsonb) AS wanted(student_key)
        CROSS JOIN LATERAL (
            SELECT id, user_id FROM {_table(UserSocialAuth)}
            WHERE uid = provider.slug || ':' || wanted.student_key OFFSET 0
        ) AS held
        WHERE organization.key = %(organization_key)s AND provider.enabled
        ORDER BY wanted.student_key, provider.id, held.id
    """  # noqa: S608 -- identifiers come from models, values are parameters


def make_identities_statement(*, organization_key: str, student_keys: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return the SQL of `find_user_ids_by_student_keys`, for statements that use its answer, and its values.

    The SQL is always the same.
    """
    return _identities_sql(), {"organization_key": organization_key, "identity_keys": json.dumps(list(student_keys))}


def find_user_ids_by_student_keys(*, organization_key: str, student_keys: Collection[str]) -> dict[str, int]:
    """Return {student key: user id} of the keys that are an identity at an enabled provider of the organization.

    Where two providers give one key to two accounts, the provider that was added first decides.
    """
    with connection.cursor() as cursor:
        cursor.execute(*make_identities_statement(organization_key=organization_key, student_keys=student_keys))
        return dict(cursor.fetchall())


def find_accounts_of_several_identities(user_ids: Collection[int]) -> set[int]:
    """Return those of the accounts that have more than one identity, at whatever provider."""
    identities = UserSocialAuth.objects.filter(user_id__in=user_ids).order_by()
    counted = identities.values("user_id").annotate(count=Count("pk")).filter(count__gt=1)
    return set(counted.values_list("user_id", flat=True))
