"""What is measured, held against what the service must do and what it aims for."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a value stands."""

    MISSED = "MISSED"
    MET = "met"
    AIM_MISSED = "met, aim missed"
    AIM_MET = "aim met"
    INFORMATION = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the report.

    `value` is judged; `unit` is "x" for a ratio to the limit or to whatever `work` says. `limit`, `service` and `naive`
    are what was measured, in words. `must` and `aim` None: there is none.
    """

    key: str
    work: str
    value: float
    unit: str = "x"
    must: float | None = None
    aim: float | None = None
    more_is_better: bool = False
    limit: str = ""
    service: str = ""
    naive: str = ""
    queries: int | None = None
    plan: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the must is met, and the aim."""
        if self.must is None and self.aim is None:
            return Verdict.INFORMATION
        if self.must is not None and not self._reaches(self.must):
            return Verdict.MISSED
        if self.aim is None:
            return Verdict.MET
        return Verdict.AIM_MET if self._reaches(self.aim) else Verdict.AIM_MISSED

    @property
    def misses_its_aim(self) -> bool:
        """Whether there is something to explain."""
        return self.verdict in {Verdict.MISSED, Verdict.AIM_MISSED}

    def as_json(self) -> dict[str, Any]:
        """Return the row with its verdict."""
        return {**asdict(self), "verdict": self.verdict.value}

    def _reaches(self, bound: float) -> bool:
        # What is printed is what is judged.
        value = round(self.value, 2)
        return value >= bound if self.more_is_better else value <= bound


def find_exit_code(rows: list[Row]) -> int:
    """Return 1 when a must is missed, else 0."""
    return int(any(row.verdict is Verdict.MISSED for row in rows))
