"""Reading request bodies, with Registrar's words for what is wrong."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from program_enrollments.rest_api.parsers import StrictJSONParser


class JSONParser(StrictJSONParser):
    """JSON within bounds."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as fault:
            raise ParseError(f"JSON parse error - {fault.detail}") from fault


class UnreadFormParser(BaseParser):
    """Takes a form for a body that is no list, whatever is in it."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return {}


class UnreadMultiPartParser(UnreadFormParser):
    """The same for forms with files."""

    media_type = "multipart/form-data"
