"""What the whole OpenAPI description shares."""

from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema_serializer
from rest_framework import serializers

Endpoint = tuple[str, str, str, Callable[..., Any]]


class FieldErrorsSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(min_value=0, help_text="Which record of the body is meant, from 0.")
    fields = serializers.DictField(  # type: ignore[assignment]  # the metaclass takes it away before it hides the property
        child=serializers.ListField(child=serializers.CharField()), help_text="For each field, what is wrong with it."
    )


@extend_schema_serializer(many=False, component_name="Error")
class ErrorSerializer(serializers.Serializer[Any]):
    developer_message = serializers.CharField(help_text="A sentence for you, not for your users.")
    error_code = serializers.CharField(help_text="A word for your program to act on; it does not change.")
    field_errors = FieldErrorsSerializer(many=True, required=False, help_text="Only where a body was malformed.")


def error(
    description: str, *codes: str, message: str | None = None, field_errors: Sequence[Any] | None = None
) -> OpenApiResponse:
    """Describe an error answer, with one example for each code that it may carry."""
    examples = []
    for code in codes:
        value: dict[str, Any] = {"developer_message": message or description, "error_code": code}
        if field_errors and code == "invalid_request":
            value["field_errors"] = field_errors
        examples.append(OpenApiExample(code, value=value))
    return OpenApiResponse(ErrorSerializer, description=description, examples=examples)


def leave_one_spelling(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Describe each path once, with its trailing slash; files without one."""
    return [endpoint for endpoint in endpoints if endpoint[0].endswith("/") != endpoint[0].rstrip("/").endswith(".csv")]
