"""What this process has counted, and told the counter that all processes share in lumps.

To tell it of every request took a tenth of a page's time, and let the requests of one client wait for each other. A
lump is half a percent of the rate: by so many requests may each process be mistaken, in the client's favour. Rates
below 400 are counted one by one.
"""

import threading
from dataclasses import dataclass

from limits.counting import get_counter
from limits.rates import Rate

LUMPS_OF_A_RATE = 200
MAX_TALLIES = 10_000


@dataclass(slots=True)
class _Tally:
    """`shared`: what the shared counter said last; `own`: requests that it has not been told of."""

    shared: int = 0
    own: int = 0


_tallies: dict[tuple[str, int], _Tally] = {}
_lock = threading.Lock()


def count_in_lumps(counter: str, window: int, rate: Rate) -> int:
    """Count one more request of a counter in a window; return how many there are by now, as far as is known here."""
    lump = rate.requests // LUMPS_OF_A_RATE
    if lump <= 1:
        return get_counter().count(counter, window, seconds=rate.seconds)
    with _lock:
        tally = _tallies.get((counter, window))
        if tally is not None and tally.own + 1 < lump:
            tally.own += 1
            return tally.shared + tally.own
        untold = 1
        if tally is not None:
            untold += tally.own
            tally.own = 0
    sent = get_counter().count(counter, window, seconds=rate.seconds, requests=untold)
    with _lock:
        if len(_tallies) >= MAX_TALLIES:  # most are of windows that are over
            _tallies.clear()
        tally = _tallies.setdefault((counter, window), _Tally())
        tally.shared = max(tally.shared, sent)
        return tally.shared + tally.own


def forget_tallies() -> None:
    """Forget what was counted here."""
    with _lock:
        _tallies.clear()
