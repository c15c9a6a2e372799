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
        "uid = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))",
        (json.dumps([f"{slug}:{key}" for slug in slugs for key in student_keys]),),
        output_field=BooleanField(),
    )
    identities = UserSocialAuth.objects.filter(is_wanted)
    user_ids_by_uid = dict(identities.order_by("-id").values_list("uid", "user_id"))
    return {
        key: user_ids_by_uid[f"{slug}:{key}"]
        for slug in reversed(slugs)
        for key in student_keys
        if f"{slug}:{key}" in user_ids_by_uid
    }


def find_accounts_of_several_identities(user_ids: Collection[int]) -> set[int]:
    """Return those of the accounts that have more than one identity, at whatever provider."""
    identities = UserSocialAuth.objects.filter(user_id__in=user_ids).order_by()
    counted = identities.values("user_id").annotate(count=Count("pk")).filter(count__gt=1)
    return set(counted.values_list("user_id", flat=True))


def find_users_by_username(usernames: Iterable[str]) -> dict[str, User]:
    """Return {username: account}; unknown usernames are left out."""
    return User.objects.in_bulk(set(usernames), field_name="username")
