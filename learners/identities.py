"""Identities: what an organization's providers call an account (contract section 7)."""

import json
from collections.abc import Collection, Iterable

from django.db.models import BooleanField, Count
from django.db.models.expressions import RawSQL
from social_django.models import UserSocialAuth

from learners.models import IdentityProvider, User


def find_user_ids_by_student_keys(*, organization_key: str, student_keys: Collection[str]) -> dict[str, int]:
    """Return {student key: user id} of the keys that are an identity at an enabled provider of the organization.

    Where two providers give one key to two accounts, the provider that was added first decides.
    """
    slugs = list(
        IdentityProvider.objects.filter(organization__key=organization_key, enabled=True)
        .order_by("id")
        .values_list("slug", flat=True)
    )
    # One parameter for `uid__in`, which would make an expression of each of thousands.
    is_wanted = RawSQL(
        """
        uid = ANY (ARRAY(
            SELECT slug || ':' || student_key
            FROM jsonb_array_elements_text(%s::jsonb) AS slug, jsonb_array_elements_text(%s::jsonb) AS student_key
        ))
        """,
        (json.dumps(slugs), json.dumps(list(student_keys))),
        output_field=BooleanField(),
    )
    identities = UserSocialAuth.objects.filter(is_wanted).order_by("-id").values_list("uid", "user_id")
    user_ids_by_uid = dict(identities)
    wanted = frozenset(student_keys)
    user_ids = {}
    for slug in reversed(slugs):
        for uid, user_id in user_ids_by_uid.items():
            student_key = uid.removeprefix(f"{slug}:")
            if student_key != uid and student_key in wanted:
                user_ids[student_key] = user_id
    return user_ids


def find_accounts_of_several_identities(user_ids: Collection[int]) -> set[int]:
    """Return those of the accounts that have more than one identity, at whatever provider."""
    identities = UserSocialAuth.objects.filter(user_id__in=user_ids).order_by()
    counted = identities.values("user_id").annotate(count=Count("pk")).filter(count__gt=1)
    return set(counted.values_list("user_id", flat=True))


def find_users_by_username(usernames: Iterable[str]) -> dict[str, User]:
    """Return {username: account}; unknown usernames are left out."""
    return User.objects.in_bulk(set(usernames), field_name="username")
