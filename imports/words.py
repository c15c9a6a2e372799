"""Finding what learners are called in texts that were written by anybody."""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby, takewhile
from typing import Final

JSON_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
JSON_CONTROLS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

# CSV writes a quotation mark twice, and a full name may stand in two cells.
SEPARATORS: Final = str.maketrans(dict.fromkeys(',;"', " "))

DEEPEST_BRANCHES: Final = 12
"""Beyond, words are tried one by one: Python reads regular expressions that are nested deep by recursion."""


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
        self._pattern = _compile(self._words)

    def __bool__(self) -> bool:
        return bool(self._words)

    def are_in(self, lines: Iterable[str]) -> bool:
        """Tell whether one of the words stands in the lines, of which no more are read than that takes."""
        search = self._pattern.search
        return any(search(reading) for line in lines for reading in _list_readings(line))

    def find_in(self, lines: Iterable[str]) -> set[str]:
        """Return those of the words that stand in the lines."""
        found: set[str] = set()
        for line in lines:
            for reading in _list_readings(line):
                found.update(self._find_all(reading))
            if len(found) == len(self._words):
                break
        return set().union(*(self._words[folded] for folded in found))

    def _find_all(self, text: str) -> Iterator[str]:
        match = self._pattern.search(text)
        while match:
            longest = match[0]
            yield longest
            for end in range(1, len(longest)):
                if longest[:end] in self._words and not longest[end].isalnum():
                    yield longest[:end]
            match = self._pattern.search(text, match.start() + 1)


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


def _compile(words: Collection[str]) -> re.Pattern[str]:
    """Return the regular expression of the words; of those that begin at one place it finds the longest."""
    if not words:
        return re.compile(r"(?!)")
    # What may not stand before a word is asked after its first letter: Python looks for those much faster.
    branches = [
        rf"{re.escape(first)}(?<![^\W_].){_spell([word[1:] for word in some], DEEPEST_BRANCHES)}"
        for first, some in groupby(sorted(words), key=lambda word: word[0])
    ]
    return re.compile(rf"(?:{'|'.join(branches)})(?![^\W_])")


def _spell(endings: list[str], depth: int) -> str:
    """Return the regular expression of sorted endings, as a tree of what they have in common."""
    # What the first and the last have in common, all have.
    same = takewhile(lambda pair: pair[0] == pair[1], zip(endings[0], endings[-1], strict=False))
    shared = "".join(sign for sign, _ in same)
    rests = [ending[len(shared) :] for ending in endings]
    if len(rests) == 1:
        return re.escape(shared)
    longer = [rest for rest in rests if rest]
    if depth:
        branches = [_spell(list(some), depth - 1) for _, some in groupby(longer, key=lambda rest: rest[0])]
    else:
        branches = [re.escape(rest) for rest in reversed(longer)]
    if len(longer) < len(rests):
        branches.append("")
    return f"{re.escape(shared)}(?:{'|'.join(branches)})"
