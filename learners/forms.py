"""Course keys in forms."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey


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
