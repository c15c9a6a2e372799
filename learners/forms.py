"""Course keys and identities in forms."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from learners.models import IdentityProvider

IDENTITY_HELP = {
    "provider": "How the account signs in: the name of a social-auth backend, like tpa-saml.",
    "uid": "The identity provider's slug, a colon and the student key. Enrollments that wait for the key are "
    "linked, except in a curriculum in which the account holds another one already.",
}


class CourseKeyFormField(forms.CharField):
    """A required text box for a course key; its clean value is a `CourseKey`."""

    default_error_messages = {"invalid": "This is not a course key, like course-v1:edX+DemoX+2026_T1."}  # noqa: RUF012 -- as Django has it

    def clean(self, value: Any) -> CourseKey:
        text = super().clean(value)
        try:
            return CourseKey.from_string(text)
        except InvalidKeyError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(None if initial is None else str(initial), data)


class IdentityForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A social-auth identity that has the form of one at an identity provider."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, text in IDENTITY_HELP.items():
            if name in self.fields:
                self.fields[name].help_text = text

    def clean_uid(self) -> str:
        uid: str = self.cleaned_data["uid"]
        slug, _, student_key = uid.partition(":")
        if not student_key.strip():
            raise ValidationError("This is not of the form provider:student key, like ucdavis:s-1001.")
        if not IdentityProvider.objects.filter(slug=slug).exists():
            raise ValidationError(f"There is no identity provider “{slug}”.")
        return uid
