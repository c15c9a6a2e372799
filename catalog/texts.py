"""Which texts the database can hold."""

import re
from typing import Final

UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""A NUL or half a character (a lone surrogate): JSON, CSV and UTF-16 can hold them, PostgreSQL cannot."""
