"""Reading request bodies."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any, NoReturn

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from program_enrollments.rest_api.exceptions import RequestTooLarge

MAX_BODY_BYTES = 1_000_000
MAX_NESTING = 32


class StrictJSONParser(BaseParser):
    """UTF-8 JSON (RFC 8259) of bounded size and depth.

    Decimal numbers keep their digits, since a student key may be sent as a number (contract section 4).
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = stream.read(MAX_BODY_BYTES + 1)
        except UnreadablePostError as error:
            raise ParseError("The request body ended early.") from error
        if len(body) > MAX_BODY_BYTES:
            raise RequestTooLarge(f"The request body has more than {MAX_BODY_BYTES} bytes.")
        try:
            document = _decoder.decode(body.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ParseError(f"The request body is not UTF-8 at byte {error.start}.") from error
        except json.JSONDecodeError as error:
            raise ParseError(f"The request body is not JSON: {error}.") from error
        except ValueError as error:
            raise ParseError("The request body holds a number that cannot be read.") from error
        except RecursionError as error:
            raise _too_deep() from error
        if body.count(b"[") + body.count(b"{") >= MAX_NESTING:  # few documents of 25 records have as many
            _check_nesting(document)
        return document


def _parse_decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:  # an exponent beyond all bounds
        raise ValueError from error


def _refuse_constant(text: str) -> NoReturn:
    # NaN and Infinity, which Python reads and RFC 8259 does not know.
    raise ValueError


_decoder = json.JSONDecoder(parse_float=_parse_decimal, parse_constant=_refuse_constant)


def _check_nesting(document: Any) -> None:
    """Refuse what Python could read but not print or copy again without running out of stack."""
    level = [document]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise _too_deep()


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _too_deep() -> ParseError:
    return ParseError(f"The request body is nested more than {MAX_NESTING} levels deep.")
