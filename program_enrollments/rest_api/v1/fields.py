"""Fields of request bodies and query parameters, as strict and as lenient as the contract says.

Fields of records also have `read_plain`, for what nearly every record holds (`bodies.read_records`): it returns the
value that they would give it, or None for whatever they may judge otherwise.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from program_enrollments.constants import MAX_STUDENT_KEY_LENGTH

UUID_LENGTH = 36


def parse_uuid(text: str) -> UUID | None:
    """Read a uuid, with or without its hyphens; None for any other spelling."""
    return _parse_short_text(text) if len(text) <= UUID_LENGTH else None


@lru_cache(maxsize=1024)
def _parse_short_text(text: str) -> UUID | None:
    try:
        uuid = UUID(text)
    except ValueError:
        return None
    return uuid if uuid.hex == text.replace("-", "").lower() else None


def _is_plain_text(data: Any) -> bool:
    """Tell whether it is a text with neither blanks around it nor characters that cannot be stored."""
    return type(data) is str and data.isprintable() and data != "" and data == data.strip()


class StudentKeyField(serializers.CharField):
    """A trimmed text of 1 to 255 characters, or a number that stands for its digits.

    Read from the field's own name or its alias, where null is as good as absent; the two may not differ.
    """

    ALIAS = "external_user_key"
    default_error_messages: ClassVar = {"differs": f"Differs from {ALIAS}, its alias."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_STUDENT_KEY_LENGTH, **kwargs)

    def read_plain(self, data: Any) -> str | None:
        return data if _is_plain_text(data) and len(data) <= MAX_STUDENT_KEY_LENGTH else None

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        spellings = [dictionary.get(self.field_name), dictionary.get(self.ALIAS)]
        return [spelling for spelling in spellings if spelling is not None] or empty

    def run_validation(self, data: Any = empty) -> str:
        if data is empty:
            self.fail("required")
        keys = {super(StudentKeyField, self).run_validation(spelling) for spelling in data}
        if len(keys) > 1:
            self.fail("differs")
        return str(keys.pop())

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(str(data) if isinstance(data, Decimal) else data)


@extend_schema_field(OpenApiTypes.STR)
class StatusField(serializers.Field[str, Any, str, Any]):
    """Any text but a blank one: whether it is a status is judged learner by learner."""

    default_error_messages: ClassVar = {"blank": "This field may not be blank."}

    def read_plain(self, data: Any) -> str | None:
        return data if _is_plain_text(data) else None

    def to_internal_value(self, data: Any) -> str:
        text = str(data)
        if not text.strip():
            self.fail("blank")
        return text


@extend_schema_field(OpenApiTypes.UUID)
class StrictUUIDField(serializers.Field[UUID, Any, str, Any]):
    """A uuid as a text, never as a number."""

    default_error_messages: ClassVar = {"invalid": "Must be a valid UUID."}

    def read_plain(self, data: Any) -> UUID | None:
        return parse_uuid(data) if type(data) is str else None

    def to_internal_value(self, data: Any) -> UUID:
        uuid = parse_uuid(data) if isinstance(data, str) else None
        if uuid is None:
            self.fail("invalid")
        return uuid


@extend_schema_field(OpenApiTypes.BOOL)
class StrictBooleanField(serializers.Field[bool, Any, bool, Any]):
    """True or false, not words or numbers for them."""

    default_error_messages: ClassVar = {"invalid": "Must be true or false."}

    def read_plain(self, data: Any) -> bool | None:
        return data if type(data) is bool else None

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class QueryTimeField(serializers.DateTimeField):
    """An ISO 8601 time in a query, where the `+` of an offset may have been read as a space."""

    def to_internal_value(self, value: Any) -> datetime:
        return super().to_internal_value(value.replace(" ", "+") if "T" in value else value)


class AbsoluteUrlField(serializers.CharField):
    """A url that may be relative, shown as seen from the request, which the context must have; an empty one stays."""

    def to_representation(self, value: str) -> str:
        return str(self.context["request"].build_absolute_uri(value)) if value else ""
