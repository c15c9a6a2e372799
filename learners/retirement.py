"""Making an account anonymous for good."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from social_django.models import Code, Partial, UserSocialAuth

from learners.models import Certificate, CourseEnrollment, IdentityProvider, User
from limits.service import forget_failed_sign_ins

SALT = "learners.retirement"


@dataclass(frozen=True, slots=True)
class Account:
    """What retirement needs to know of an account."""

    id: int
    is_staff: bool
    is_retired: bool
    names: frozenset[str]
    """Username, e-mail address, and the full name as one phrase; of a retired account none."""


def find_account(username: str) -> Account | None:
    """Return the account with this username, or the retired one that had it; None if there is neither."""
    user = (
        User.objects.filter(username=username).first()
        or User.objects.filter(username__startswith=_retired_prefix(username)).order_by("-pk").first()
    )
    if user is None:
        return None
    is_retired = user.username.startswith("retired-")
    return Account(
        id=user.pk,
        is_staff=user.is_staff or user.is_superuser,
        is_retired=is_retired,
        names=frozenset() if is_retired else _list_names(user),
    )


def _list_names(user: User) -> frozenset[str]:
    """Return what texts call the account's owner. A first or last name alone is that of many people."""
    names = {user.username, user.email} - {""}
    if user.first_name and user.last_name:
        names |= {f"{user.first_name} {user.last_name}", f"{user.last_name}, {user.first_name}"}
    return frozenset(names)


def list_student_keys_of_user(user_id: int) -> list[tuple[str, str]]:
    """Return (organization key, student key) of the account's identities, at disabled providers too."""
    organizations = dict(IdentityProvider.objects.values_list("slug", "organization__key"))
    uids = UserSocialAuth.objects.filter(user_id=user_id).order_by("pk").values_list("uid", flat=True)
    pairs = [uid.partition(":") for uid in uids]
    return [(organizations[slug], key) for slug, _, key in pairs if slug in organizations]


def anonymize_user(user_id: int, *, student_keys: Collection[str]) -> None:
    """Take identities, names, e-mail and password from an account, and switch it off.

    The username becomes a salted hash; the admin's log, failed sign-ins and refresh tokens forget the old one.
    `student_keys` are further ones that the account was known by, beside those of its identities. Runs in the caller's
    transaction.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    identities = UserSocialAuth.objects.filter(user_id=user_id)
    uids = identities.values_list("uid", flat=True)
    words = _list_names(user) | ({*student_keys, *(uid.partition(":")[2] for uid in uids)} - {""})
    forget_unfinished_sign_ins(words)
    identities.delete()
    Code.objects.filter(email__iexact=user.email).delete()
    OutstandingToken.objects.filter(user_id=user_id).delete()  # refresh tokens name their account
    forget_failed_sign_ins(words)
    # Both lead to places that other services may call after the learner.
    CourseEnrollment.objects.filter(user_id=user_id).exclude(resume_url="").update(resume_url="")
    Certificate.objects.filter(user_id=user_id).exclude(download_url="").update(download_url="")
    user.username = f"{_retired_prefix(user.username)}{user.pk}"
    user.email = f"{user.username}@retired.invalid"
    user.first_name = user.last_name = ""
    user.password = make_password(None)
    user.last_login = None
    user.is_active = False
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    _forget_in_admin_log(user, words)


def _forget_in_admin_log(user: User, words: Collection[str]) -> None:
    """Take the words out of what the admin logged, wherever in a sentence they stand."""
    of_account = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    calling, telling = Q(pk__in=[]), Q(pk__in=[])
    for word in words:
        calling |= Q(object_repr__iregex=_standing_alone(word))
        # Messages name the rows below a form, as JSON.
        telling |= Q(change_message__iregex=_standing_alone(json.dumps(word)[1:-1]))
        telling |= Q(change_message__iregex=_standing_alone(word))
    LogEntry.objects.filter(of_account | calling).update(object_repr=user.username)
    LogEntry.objects.filter(telling).update(change_message="")


def _standing_alone(word: str) -> str:
    """Return the regular expression of a word that is no part of a longer one, as PostgreSQL reads it."""
    return rf"(^|[^[:alnum:]]){re.escape(word)}([^[:alnum:]]|$)"


def forget_unfinished_sign_ins(words: Collection[str]) -> None:
    """Delete what is remembered of sign-ins that were begun, if it holds a student key or name; they begin anew."""
    half_signed_in = Q(pk__in=[])
    for word in words:
        half_signed_in |= Q(data__icontains=json.dumps(word, ensure_ascii=False)[1:-1])
    Partial.objects.filter(half_signed_in).delete()


def _retired_prefix(username: str) -> str:
    return f"retired-{salted_hmac(SALT, username, algorithm='sha256').hexdigest()}-"
