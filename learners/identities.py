"""Identities: what an organization's providers call an account (contract section 7)."""

from collections.abc import Collection, Iterable

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
    identities = UserSocialAuth.objects.filter(uid__in=[f"{slug}:{key}" for slug in slugs for key in student_keys])
    user_ids_by_uid = dict(identities.order_by("-id").values_list("uid", "user_id"))
    return {
        key: user_ids_by_uid[f"{slug}:{key}"]
        for slug in reversed(slugs)
        for key in student_keys
        if f"{slug}:{key}" in user_ids_by_uid
    }


def hold_accounts(user_ids: Iterable[int]) -> set[int]:
    """Keep accounts from being deleted until the caller's transaction ends; return those that still are there."""
    accounts = User.objects.select_for_update(no_key=True).filter(pk__in=set(user_ids)).order_by("pk")
    return set(accounts.values_list("pk", flat=True))


def find_users_by_username(usernames: Iterable[str]) -> dict[str, User]:
    """Return {username: account}; unknown usernames are left out."""
    return User.objects.in_bulk(set(usernames), field_name="username")
