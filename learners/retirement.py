"""Making an account anonymous for good."""

import json
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
    """Username and e-mail address."""


def find_account(username: str) -> Account | None:
    """Return the account with this username, or the retired one that had it; None if there is neither."""
    user = (
        User.objects.filter(username=username).first()
        or User.objects.filter(username__startswith=_retired_prefix(username)).order_by("-pk").first()
    )
    if user is None:
        return None
    return Account(
        id=user.pk,
        is_staff=user.is_staff or user.is_superuser,
        is_retired=user.username.startswith("retired-"),
        names=frozenset({user.username, user.email} - {""}),
    )


def list_student_keys_of_user(user_id: int) -> list[tuple[str, str]]:
    """Return (organization key, student key) of the account's identities, at disabled providers too."""
    organizations = dict(IdentityProvider.objects.values_list("slug", "organization__key"))
    uids = UserSocialAuth.objects.filter(user_id=user_id).order_by("pk").values_list("uid", flat=True)
    pairs = [uid.partition(":") for uid in uids]
    return [(organizations[slug], key) for slug, _, key in pairs if slug in organizations]


def anonymize_user(user_id: int) -> None:
    """Take identities, names, e-mail and password from an account, and switch it off.

    The username becomes a salted hash; the admin's log, failed sign-ins and refresh tokens forget the old one. Runs in
    the caller's transaction.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    names = {user.username, user.email} - {""}
    identities = UserSocialAuth.objects.filter(user_id=user_id)
    student_keys = {uid.partition(":")[2] for uid in identities.values_list("uid", flat=True)} - {""}
    forget_unfinished_sign_ins(names | student_keys)
    identities.delete()
    Code.objects.filter(email__iexact=user.email).delete()
    OutstandingToken.objects.filter(user_id=user_id).delete()  # refresh tokens name their account
    forget_failed_sign_ins(names)
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
    of_account = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user_id))
    LogEntry.objects.filter(of_account | Q(object_repr__in=names)).update(object_repr=user.username)
    # Messages name the rows below a form, as JSON.
    named = Q(pk__in=[])
    for name in names:
        named |= Q(change_message__contains=json.dumps(name))
    LogEntry.objects.filter(named).update(change_message="")


def forget_unfinished_sign_ins(words: Collection[str]) -> None:
    """Delete what is remembered of sign-ins that were begun, if it holds a student key or name; they begin anew."""
    half_signed_in = Q(pk__in=[])
    for word in words:
        half_signed_in |= Q(data__icontains=json.dumps(word, ensure_ascii=False)[1:-1])
    Partial.objects.filter(half_signed_in).delete()


def _retired_prefix(username: str) -> str:
    return f"retired-{salted_hmac(SALT, username, algorithm='sha256').hexdigest()}-"
