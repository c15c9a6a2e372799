"""Which texts of clients can be stored."""

from typing import Final

from catalog.texts import UNSTORABLE

LONGEST_TEXT: Final = 255


def is_storable(text: str) -> bool:
    """Tell whether a key or name can be stored as it is."""
    return len(text) <= LONGEST_TEXT and UNSTORABLE.search(text) is None
