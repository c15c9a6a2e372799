"""Which learners are written: new ones, and ones whose status changes."""

import random
from typing import ClassVar

from benchmarks.filling import FIRST_WRITABLE_ROW

SIZE = 25
FIRST_NEW_LEARNER = 50_000_000
MOST_CHANGED = 30_000


class NewLearners:
    """Gives out learners whom nobody has enrolled."""

    def __init__(self) -> None:
        self.next = FIRST_NEW_LEARNER

    def take(self) -> range:
        """Return a batch of them."""
        first, self.next = self.next, self.next + SIZE
        return range(first, self.next)


NEW = NewLearners()


class KnownLearners:
    """Gives out learners of the first rows of a program: none of them twice in a run, so that all begin `enrolled`."""

    _given_out: ClassVar[set[int]] = set()

    def __init__(self, rows: int) -> None:
        writable = range(FIRST_WRITABLE_ROW, rows)
        some = random.Random(rows).sample(writable, min(len(writable), MOST_CHANGED))  # noqa: S311 -- no secret
        self._some = [row for row in some if row not in self._given_out]

    def take(self, batches: int) -> list[list[int]]:
        """Return so many batches. Raises: ValueError: there are not so many learners left."""
        taken, self._some = self._some[: batches * SIZE], self._some[batches * SIZE :]
        if len(taken) < batches * SIZE:
            raise ValueError("The program is too small for so many contestants.")
        self._given_out.update(taken)
        return [taken[start : start + SIZE] for start in range(0, len(taken), SIZE)]
