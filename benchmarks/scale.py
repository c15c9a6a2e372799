"""How much is measured, and how often."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Numbers of rows, rounds and seconds of one run of the benchmarks.

    `steps`: the numbers of enrollments at which costs are compared. All else is measured at `main`, one of the steps,
    the first at which the contiguous program is there; it has a fifth of these rows, as the interleaved one.
    """

    steps: tuple[int, ...]
    main: int
    imported: int
    rounds: int
    rounds_by_size: int
    export_rounds: int
    load_seconds: float
    naive_seconds: float

    @property
    def program_size(self) -> int:
        """The rows of each of the two large programs, when `main` rows are there."""
        return self.main // 5


FULL = Scale(
    steps=(10_000, 100_000, 1_000_000, 5_000_000, 10_000_000),
    main=5_000_000,
    imported=1_000_000,
    rounds=200,
    rounds_by_size=100,
    export_rounds=3,
    load_seconds=60,
    naive_seconds=10,
)
QUICK = Scale(
    steps=(10_000, 50_000, 400_000),
    main=400_000,
    imported=200_000,
    rounds=60,
    rounds_by_size=40,
    export_rounds=3,
    load_seconds=5,
    naive_seconds=3,
)
