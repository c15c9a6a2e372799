"""Records and JSON of a request, with the refusals of the contract."""

from functools import cache
from typing import Any

from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from program_enrollments.rest_api.exceptions import LengthRequired
from program_enrollments.rest_api.parsers import StrictJSONParser


def read_json(request: Request) -> Any:
    """Return the JSON of the request's body; an empty dictionary when it has none."""
    if is_chunked(request):
        raise LengthRequired
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise exceptions.UnsupportedMediaType("", "Send the body as it is, without a Content-Encoding.")
    # A form that the CSRF check has read already would otherwise pass for an empty body.
    if request.content_type and not media_type_matches(StrictJSONParser.media_type, request.content_type):
        raise exceptions.UnsupportedMediaType(request.content_type)
    try:
        return request.data
    except exceptions.UnsupportedMediaType as error:
        raise exceptions.UnsupportedMediaType("", "Send the body with the Content-Type application/json.") from error


def read_records(serializer_class: type[serializers.Serializer[Any]], body: list[Any]) -> list[dict[str, Any]]:
    """Return the records of a write, as the serializer reads them. Raises: ValidationError.

    Records that hold its fields and nothing odd, as nearly all do, are read here: the serializer's way through each
    field of each record was a tenth of a write's time. The others are its own, and so are the words about them.
    """
    readers, required = _list_readers(serializer_class)
    records = [plain for record in body if (plain := _read_plain(record, readers, required)) is not None]
    if len(records) == len(body):
        return records
    serializer = serializer_class(data=body, many=True)
    serializer.is_valid(raise_exception=True)
    return list(serializer.validated_data)


def _read_plain(record: Any, readers: dict[str, Any], required: set[str]) -> dict[str, Any] | None:
    if type(record) is not dict or not required <= record.keys() <= readers.keys():
        return None
    values = {name: readers[name](value) for name, value in record.items()}
    return None if None in values.values() else values


@cache
def _list_readers(serializer_class: type[serializers.Serializer[Any]]) -> tuple[dict[str, Any], set[str]]:
    """Return {name of a field: what reads its plain values}, and the names of the fields that every record has."""
    fields: dict[str, Any] = dict(serializer_class().fields)
    return (
        {name: field.read_plain for name, field in fields.items()},
        {name for name, field in fields.items() if field.required},
    )


def is_chunked(request: Request) -> bool:
    """Tell whether the body comes in chunks, which parsers take for no body at all."""
    return "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH")
