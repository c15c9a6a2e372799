"""Making an account anonymous for good."""

from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.utils.crypto import salted_hmac
from social_django.models import UserSocialAuth

from learners.models import IdentityProvider, User

SALT = "learners.retirement"


@dataclass(frozen=True, slots=True)
class Account:
    """What retirement needs to know of an account."""

    id: int
    is_staff: bool
    is_retired: bool


def find_account(username: str) -> Account | None:
    """Return the account with this username, or the retired one that had it; None if there is neither."""
    user = (
        User.objects.filter(username=username).first()
        or User.objects.filter(username__startswith=_retired_prefix(username)).order_by("-pk").first()
    )
    if user is None:
        return None
    return Account(
        id=user.pk, is_staff=user.is_staff or user.is_superuser, is_retired=user.username.startswith("retired-")
    )


def list_student_keys_of_user(user_id: int) -> list[tuple[str, str]]:
    """Return (organization key, student key) of the account's identities, at disabled providers too."""
    organizations = dict(IdentityProvider.objects.values_list("slug", "organization__key"))
    uids = UserSocialAuth.objects.filter(user_id=user_id).order_by("pk").values_list("uid", flat=True)
    pairs = [uid.partition(":") for uid in uids]
    return [(organizations[slug], key) for slug, _, key in pairs if slug in organizations]


def anonymize_user(user_id: int) -> None:
    """Take identities, names, e-mail and password from an account, and switch it off.

    The username becomes a salted hash; the admin's log forgets the old one. Runs in the caller's transaction.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    UserSocialAuth.objects.filter(user_id=user_id).delete()
    user.username = f"{_retired_prefix(user.username)}{user.pk}"
    user.email = f"{user.username}@retired.invalid"
    user.first_name = user.last_name = ""
    user.password = make_password(None)
    user.last_login = None
    user.is_active = False
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user_id)).update(
        object_repr=user.username
    )


def _retired_prefix(username: str) -> str:
    return f"retired-{salted_hmac(SALT, username, algorithm='sha256').hexdigest()}-"
