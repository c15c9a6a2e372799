"""Which texts of clients can be stored."""

import re
from typing import Final

LONGEST_TEXT: Final = 255

NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
"""A NUL or half a character (a lone surrogate): JSON and UTF-16 can hold them, PostgreSQL cannot."""


def is_storable(text: str) -> bool:
    """Tell whether a key or name can be stored as it is."""
    return len(text) <= LONGEST_TEXT and NO_TEXT.search(text) is None
