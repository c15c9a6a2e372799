"""What the whole OpenAPI description shares."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema_serializer
from rest_framework import serializers

from program_enrollments.exceptions import IdempotencyKeyInUse, IdempotencyKeyReused
from program_enrollments.rest_api.exceptions import ServiceUnavailable

Endpoint = tuple[str, str, str, Callable[..., Any]]

REQUIRED = str(serializers.Field.default_error_messages["required"])


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
    lines = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="Only with `plan_stale`: lines of the file."
    )
    student_keys = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Only with `plan_stale`: learners without a line."
    )


def count_of(number: int, noun: str) -> str:
    """Return `1 hour`, `24 hours`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def error(description: str, **messages: Any) -> OpenApiResponse:
    """Describe an error answer by an example for each code that it may carry.

    `messages`: {code: the sentence that comes with it, or a dict of all members but the code}.
    """
    examples = []
    for code, message in messages.items():
        members = message if isinstance(message, Mapping) else {"developer_message": str(message)}
        examples.append(OpenApiExample(code, value={"error_code": code, **members}))
    return OpenApiResponse(ErrorSerializer, description=description, examples=examples)


def malformed(
    description: str, field: str, *, reason: str = REQUIRED, index: int | None = None, **messages: Any
) -> OpenApiResponse:
    """Describe the refusal of a body for a field: of the record with this index, or of a body that is one object.

    `messages`: those of other codes, as above.
    """
    place = field if index is None else f"record {index}, {field}"
    invalid_request = {
        "developer_message": f"The request body is invalid: {place}: {reason}",
        "field_errors": [{"index": index or 0, "fields": {field: [reason]}}],
    }
    return error(description, invalid_request=invalid_request, **messages)


def leave_one_spelling(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Describe each path once, with its trailing slash; files without one."""
    return [endpoint for endpoint in endpoints if endpoint[0].endswith("/") != endpoint[0].rstrip("/").endswith(".csv")]


def describe_limits(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add to every operation what holds for all: headers, 414, 429, 503, and on writes Idempotency-Key."""
    components = result["components"]
    components["headers"] = HEADERS | HEADERS_OF_REPEATS
    components.setdefault("responses", {})["TooManyRequests"] = TOO_MANY_REQUESTS
    components["responses"]["KeyInUse"] = KEY_IN_USE
    components["responses"]["BadKey"] = BAD_KEY
    components["responses"]["KeyReused"] = KEY_REUSED
    components["responses"]["AddressTooLong"] = ADDRESS_TOO_LONG
    components["responses"]["Unavailable"] = UNAVAILABLE
    components.setdefault("parameters", {})["IdempotencyKey"] = IDEMPOTENCY_KEY
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            if path.startswith(BASE_PATH) and method in WRITING_METHODS:
                _describe_key(operation)
            takes_key = KEY_PARAMETER in operation.get("parameters", [])
            for status, response in responses.items():
                if "$ref" not in response:
                    is_kept = takes_key and status in STATUSES_KEPT
                    headers = HEADERS | HEADERS_OF_REPEATS if is_kept else HEADERS
                    response["headers"] = response.get("headers", {}) | _refer_to(headers)
            responses.setdefault("429", {"$ref": "#/components/responses/TooManyRequests"})
            if operation.get("parameters"):
                responses.setdefault("414", {"$ref": "#/components/responses/AddressTooLong"})
            responses.setdefault("503", {"$ref": "#/components/responses/Unavailable"})
    return result


def _describe_key(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(KEY_PARAMETER)
    responses = operation["responses"]
    for status, name, about_keys in (
        ("400", "BadKey", BAD_KEY),
        ("409", "KeyInUse", KEY_IN_USE),
        ("422", "KeyReused", KEY_REUSED),
    ):
        if status not in responses:
            responses[status] = {"$ref": f"#/components/responses/{name}"}
            continue
        content = responses[status]["content"]["application/json"]
        if content["schema"] != ERROR_SCHEMA:
            content["schema"] = {"oneOf": [content["schema"], ERROR_SCHEMA]}
        content["examples"] |= about_keys["content"]["application/json"]["examples"]
        responses[status]["description"] += f" Or: {about_keys['description']}"


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


def _refer_to(headers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in headers}


def _error_response(description: str, code: str, message: str) -> dict[str, Any]:
    example = {"developer_message": message, "error_code": code}
    return {
        "description": description,
        "headers": _refer_to(HEADERS),
        "content": {"application/json": {"schema": ERROR_SCHEMA, "examples": {code: {"value": example}}}},
    }


ERROR_SCHEMA = {"$ref": "#/components/schemas/Error"}
BASE_PATH = "/api/program_enrollments/v1/"
WRITING_METHODS = ("post", "patch", "put")
HEADERS = {  # of each answer
    "X-Request-ID": _header(
        "The id of the request, to quote in questions to us. Yours, if you sent one of 1 to 128 of the characters"
        " `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`.",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
    ),
    "RateLimit-Policy": _header("How many requests (`q`) you may send in so many seconds (`w`).", '"read";q=6000;w=60'),
    "RateLimit": _header("How many more you may send (`r`) in the seconds that are left (`t`).", '"read";r=5999;t=42'),
}
HEADERS_OF_REPEATS = {
    "Idempotency-Replayed": _header(
        "Only where the Idempotency-Key was used before: this is the answer of the first request.", "true"
    )
}
STATUSES_KEPT = ("200", "202", "204", "207", "422")
"""Of the answers that come again for the same Idempotency-Key."""
TOO_MANY_REQUESTS = _error_response(
    "Too many requests. Wait as many seconds as `Retry-After` says.",
    "throttled",
    "Request was throttled. Expected available in 42 seconds.",
)
UNAVAILABLE = _error_response(
    "The service is temporarily unavailable. Send the request again after as many seconds as `Retry-After` says;"
    " a write may have been carried out; with an Idempotency-Key it is safe to send it again.",
    ServiceUnavailable.default_code,
    ServiceUnavailable.default_detail,
)
KEY_IN_USE = _error_response(
    "The first request with this Idempotency-Key is still running; send it again a little later.",
    IdempotencyKeyInUse.code,
    str(IdempotencyKeyInUse()),
)
BAD_KEY = _error_response(
    "The Idempotency-Key header is invalid; nothing was done.",
    "invalid_idempotency_key",
    "The Idempotency-Key must have 1 to 255 visible ASCII characters.",
)
KEY_REUSED = _error_response(
    "The Idempotency-Key was used for another request; nothing was done.",
    IdempotencyKeyReused.code,
    str(IdempotencyKeyReused()),
)
ADDRESS_TOO_LONG = {
    "description": "Path and query are longer than 8,000 characters; the server refuses it before it reads on.",
    "content": {
        "text/html": {
            "schema": {"type": "string"},
            "examples": {"page": {"value": "<html>… Request Line is too large (9000 &gt; 8190) …</html>"}},
        }
    },
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": (
        "1 to 255 visible ASCII characters of your choice, kept for"
        f" {count_of(settings.IDEMPOTENCY_KEY_HOURS, 'hour')}. The same request sent again under the same key writes"
        " nothing: the answer of the first one comes again, with `Idempotency-Replayed: true`. Another request under it"
        " is a 422 that says so."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
KEY_PARAMETER = {"$ref": "#/components/parameters/IdempotencyKey"}
