"""Accounts, found, made and removed."""

from collections.abc import Collection, Iterable

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from social_django.models import UserSocialAuth

from learners.models import IdentityProvider, User


def find_user(username: str) -> User | None:
    """Return the account with exactly this username, active or not; None if there is none."""
    if "\x00" in username:  # PostgreSQL has no such text
        return None
    return User.objects.filter(username=username).first()


def find_users_by_username(usernames: Iterable[str]) -> dict[str, User]:
    """Return {username: account}; unknown usernames are left out."""
    return User.objects.in_bulk(set(usernames), field_name="username")


def create_passwordless_account(username: str) -> User:
    """Return a new account that nobody can sign in to with a password. Raises: ValidationError, IntegrityError."""
    user = User(username=username)
    user.set_unusable_password()
    user.clean_fields(exclude=["password"])
    user.save(force_insert=True)
    return user


def get_or_create_passwordless_account(username: str) -> User:
    """Return the account with this username, made if there is none yet. Raises: ValidationError."""
    try:
        with transaction.atomic():
            return create_passwordless_account(username)
    except IntegrityError:  # there is one, or another request was faster
        return User.objects.get(username=username)


def list_user_ids_of_organization(organization_key: str) -> list[int]:
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


def list_mailable_users(user_ids: Collection[int]) -> list[User]:
    """Return those of the accounts, by id, that are active and have an e-mail address."""
    return list(User.objects.filter(pk__in=user_ids, is_active=True).exclude(email="").order_by("pk"))


def list_staff() -> list[User]:
    """Return the active members of staff, by username."""
    return list(User.objects.filter(is_staff=True, is_active=True).order_by("username"))
