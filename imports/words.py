"""Finding what learners are called in texts that were written by anybody."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ahocorasick import Automaton

JSON_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
JSON_CONTROLS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

# CSV writes a quotation mark twice, and a full name may stand in two cells.
SEPARATORS: Final = str.maketrans(dict.fromkeys(',;"', " "))


class Words:
    """Student keys and names to look for, all of them at once, so that the time grows with the text and not with them.

    One is found where it stands alone ("4711" is not in "47110"), in upper or lower case, as it is or as JSON or CSV
    spell it; white space, quotation marks, commas and semicolons count as the same.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[str, set[str]] = {}
        for word in words:
            if folded := _fold(word):
                self._words.setdefault(folded, set()).add(word)
        self._automaton = Automaton()
        for folded in self._words:
            self._automaton.add_word(folded, folded)
        self._automaton.make_automaton()

    def __bool__(self) -> bool:
        return bool(self._words)

    def are_in(self, lines: Iterable[str]) -> bool:
        """Tell whether one of the words stands in the lines, of which no more are read than that takes."""
        return any(True for _ in self._iter_found(lines))

    def find_in(self, lines: Iterable[str]) -> set[str]:
        """Return those of the words that stand in the lines."""
        found: set[str] = set()
        for folded in self._iter_found(lines):
            found.add(folded)
            if len(found) == len(self._words):
                break
        return set().union(*(self._words[folded] for folded in found))

    def _iter_found(self, lines: Iterable[str]) -> Iterator[str]:
        if not self:
            return
        for line in lines:
            for text in _list_readings(line):
                for last, folded in self._automaton.iter(text):
                    first = last - len(folded) + 1
                    if not (text[first - 1 : first].isalnum() or text[last + 1 : last + 2].isalnum()):
                        yield folded


def _fold(text: str) -> str:
    return " ".join(text.lower().translate(SEPARATORS).split())


def _list_readings(line: str) -> list[str]:
    if "\\" in line:
        return [_fold(line), _fold(_read_json_escapes(line))]
    return [_fold(line)]


def _read_json_escapes(text: str) -> str:
    def read(escape: re.Match[str]) -> str:
        code, sign = escape.groups()
        return chr(int(code, 16)) if code else JSON_CONTROLS.get(sign, sign)

    # Two escapes may be the halves of one character.
    return JSON_ESCAPE.sub(read, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
