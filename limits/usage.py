"""Counting a request against its rate, and telling the client."""

import math
from dataclasses import dataclass
from hashlib import blake2b

from django.http import HttpResponseBase
from django.utils import timezone

from limits.rates import Rate, get_rates
from limits.tallies import count_in_lumps

READ = "read"
WRITE = "write"
TOKEN = "token"  # noqa: S105 -- the scope of requests for tokens


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a rate a requester has used; `sent` counts the request at hand, `reset_seconds` is at least 1."""

    scope: str
    rate: Rate
    sent: int
    reset_seconds: int

    @property
    def is_exceeded(self) -> bool:
        """Tell whether the request at hand is to be refused."""
        return self.sent > self.rate.requests

    @property
    def remaining(self) -> int:
        """Return how many more requests the window has room for."""
        return max(self.rate.requests - self.sent, 0)


def count_request(scope: str, requester: str) -> Usage:
    """Count a request of `requester` (such as `user:12`) in a scope of the setting REQUEST_RATES."""
    rate = get_rates()[scope]
    now = timezone.now().timestamp()
    window = int(now // rate.seconds)
    # By digest: requesters may be addresses, or whatever an unknown client calls itself.
    counter = f"{scope}:{blake2b(requester.encode(), digest_size=16).hexdigest()}"
    sent = count_in_lumps(counter, window, rate)
    return Usage(scope, rate, sent, reset_seconds=max(math.ceil((window + 1) * rate.seconds - now), 1))


def write_rate_headers(response: HttpResponseBase, usage: Usage) -> None:
    """Set `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
    response["RateLimit-Policy"] = f'"{usage.scope}";q={usage.rate.requests};w={usage.rate.seconds}'
    response["RateLimit"] = f'"{usage.scope}";r={usage.remaining};t={usage.reset_seconds}'
