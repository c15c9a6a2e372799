"""Cells that a spreadsheet shows and never runs, and their way back.

A cell that begins with one of `= + - @ TAB CR` is a formula to a spreadsheet; an apostrophe in front makes it a text.
A value that itself begins with apostrophes before such a character gets one more, so that one can always be taken off.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_LEADING_SPACE = re.compile(r"[^\S\r\n]*")


def escape_cell(value: str) -> str:
    """Return the cell to write for a value. `unescape_cell` gives the value back, whatever it is."""
    return f"'{value}" if _FORMULA.match(value) else value


def unescape_cell(cell: str) -> str:
    """Return the value of a cell that `escape_cell` may have written."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def unescape_uploaded_cell(cell: str) -> str:
    """Return the value of a cell of an uploaded file, in which white space may stand before the apostrophe."""
    return unescape_cell(_LEADING_SPACE.sub("", cell, count=1))


def escape_uploaded_cell(cell: str) -> str:
    """Return an uploaded cell (`FileRow.cells`) made safe, so that it means the same when it is uploaded again."""
    return escape_cell(unescape_uploaded_cell(cell))
