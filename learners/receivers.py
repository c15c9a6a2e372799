"""Watches the identities that social-auth keeps."""

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from social_django.models import UserSocialAuth

from learners.models import IdentityProvider
from learners.signals import identity_created

IDENTIFYING_FIELDS = {"user", "user_id", "uid"}


@receiver(pre_save, sender=UserSocialAuth)
def remember_whose_identity_it_was(
    instance: Any, raw: bool, update_fields: frozenset[str] | None, **kwargs: Any
) -> None:
    """Note whether this save gives the row another account or uid: social-auth saves it at every sign-in."""
    instance.identifies_anew = False
    if raw or (update_fields is not None and IDENTIFYING_FIELDS.isdisjoint(update_fields)):
        return
    stands = UserSocialAuth.objects.filter(pk=instance.pk, user_id=instance.user_id, uid=instance.uid)
    instance.identifies_anew = instance.pk is None or not stands.exists()


@receiver(post_save, sender=UserSocialAuth)
def announce_identity(instance: Any, **kwargs: Any) -> None:
    """Send `identity_created` when the saved uid is `<slug of an enabled provider>:<student key>`."""
    if not instance.identifies_anew:
        return
    slug, _, student_key = instance.uid.partition(":")
    if not student_key:
        return
    provider = IdentityProvider.objects.select_related("organization").filter(slug=slug, enabled=True).first()
    if provider is not None:
        identity_created.send(
            sender=UserSocialAuth,
            user=instance.user,
            organization_key=provider.organization.key,
            student_key=student_key,
        )
