"""Which learners are written: new ones, and ones whose status changes."""

import random

from benchmarks.filling import FIRST_WRITABLE_ROW

SIZE = 25
FIRST_NEW_LEARNER = 50_000_000
MOST_CHANGED = 10_000


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
    """Gives out learners of the first rows of a program, of whom no two contestants get the same."""

    def __init__(self, rows: int) -> None:
        writable = range(FIRST_WRITABLE_ROW, rows)
        self._some = random.Random(rows).sample(writable, min(len(writable), MOST_CHANGED))  # noqa: S311 -- no secret

    def take(self, batches: int) -> list[list[int]]:
        """Return so many batches. Raises: ValueError: there are not so many learners left."""
        taken, self._some = self._some[: batches * SIZE], self._some[batches * SIZE :]
        if len(taken) < batches * SIZE:
            raise ValueError("The program is too small for so many contestants.")
        return [taken[start : start + SIZE] for start in range(0, len(taken), SIZE)]
