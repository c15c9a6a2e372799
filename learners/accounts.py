"""Accounts, found and removed."""

from collections.abc import Collection

from django.db.models import Q
from django.db.models.functions import Lower
from social_django.models import UserSocialAuth

from learners.models import IdentityProvider, User


def find_user_ids_of_organization(organization_key: str) -> list[int]:
    """Return the ids, in order, of accounts with an identity at any of the organization's providers.

    Disabled providers count too. Members of staff and superusers are left out.
    """
    slugs = IdentityProvider.objects.filter(organization__key=organization_key).values_list("slug", flat=True)
    at_providers = Q(pk__in=[])
    for slug in slugs:
        at_providers |= Q(uid__startswith=f"{slug}:")
    identities = UserSocialAuth.objects.filter(at_providers, user__is_staff=False, user__is_superuser=False)
    return list(identities.order_by("user_id").values_list("user_id", flat=True).distinct())


def search_user_ids(text: str, *, limit: int) -> list[int]:
    """Return the ids of at most `limit` accounts: usernames that begin with the text, or this e-mail in any case."""
    matching = User.objects.alias(any_case_email=Lower("email")).filter(
        Q(username__startswith=text) | Q(any_case_email=text.lower())
    )
    return list(matching.values_list("pk", flat=True)[:limit])


def delete_users(user_ids: Collection[int]) -> int:
    """Delete accounts with everything they hold, but never members of staff and superusers.

    Runs in the caller's transaction. Returns how many accounts were deleted.
    """
    users = User.objects.filter(pk__in=user_ids, is_staff=False, is_superuser=False).order_by("pk")
    locked_ids = list(users.select_for_update().values_list("pk", flat=True))
    _, deleted_by_model = User.objects.filter(pk__in=locked_ids).delete()
    return deleted_by_model.get(User._meta.label, 0)
