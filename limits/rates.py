"""Rates: how many requests a requester may send in a window of time, by scope."""

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window of so many seconds."""

    requests: int
    seconds: int


@cache
def parse_rate(text: str) -> Rate:
    """Read `600/minute`; the period is second, minute, hour or day. Raises: ValueError."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})/(second|minute|hour|day)", text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a valid rate; write a number per second, minute, hour or day, like 600/minute."
        )
    return Rate(requests=int(match[1]), seconds=SECONDS[match[2]])


def get_rates() -> dict[str, Rate]:
    """Return the rates that are enforced: {scope: rate}."""
    return {scope: parse_rate(text) for scope, text in settings.REQUEST_RATES.items()}
