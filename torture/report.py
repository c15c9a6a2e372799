"""What was done, how often, and what was lost by it."""

import threading
from collections import Counter
from dataclasses import dataclass, field

SHOWN_PROBLEMS = 5


@dataclass
class Line:
    """One line of the table. `problems` are whatever was lost or wrong, in words; filled by many threads."""

    what: str
    times: int = 0
    note: str = ""
    problems: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, status: int | None = None) -> None:
        """Count one time that it was done, and its answer's HTTP status."""
        with self._lock:
            self.times += 1
            if status is not None:
                self.statuses[status] += 1

    def accuse(self, problem: str) -> None:
        """Note that something was lost, or is wrong."""
        with self._lock:
            self.problems.append(problem)


def print_table(lines: list[Line]) -> int:
    """Print the table, and what is wrong. Returns how many lines have problems."""
    width = max(len(line.what) for line in lines)
    say(f"\n{'what was done':{width}}  {'times':>9}  lost or wrong")
    for line in lines:
        lost = f"{len(line.problems)} PROBLEMS" if line.problems else "nothing"
        note = f"  ({line.note})" if line.note else ""
        say(f"{line.what:{width}}  {line.times:9,}  {lost}{note}")
    for line in lines:
        for problem, times in Counter(line.problems).most_common(SHOWN_PROBLEMS):
            say(f"  {line.what}: {problem}{f' ({times} times)' if times > 1 else ''}")
    return sum(bool(line.problems) for line in lines)


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)  # noqa: T201 -- the report is for a terminal
