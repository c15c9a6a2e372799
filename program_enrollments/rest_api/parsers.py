"""Reading request bodies."""

import json
from decimal import Decimal
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_BODY_BYTES = 1_000_000


class StrictJSONParser(BaseParser):
    """UTF-8 JSON (RFC 8259) of bounded size.

    Decimal numbers keep their digits, since a student key may be sent as a number (contract section 4).
    """

    media_type = "application/json"
