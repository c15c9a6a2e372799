"""Reading request bodies, ahead of any serializer."""

from typing import Any

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from program_enrollments.rest_api.exceptions import LengthRequired
from program_enrollments.rest_api.parsers import StrictJSONParser


def read_json(request: Request) -> Any:
    """Return the JSON of the request's body; an empty dictionary when it has none."""
    if is_chunked(request):
        raise LengthRequired
    # A form that the CSRF check has read already would otherwise pass for an empty body.
    if request.content_type and not media_type_matches(StrictJSONParser.media_type, request.content_type):
        raise exceptions.UnsupportedMediaType(request.content_type)
    return request.data


def is_chunked(request: Request) -> bool:
    """Tell whether the body comes in chunks, which parsers take for no body at all."""
    return "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH")
