"""The front door of limits: rates of requests, and locks on guessed passwords and client secrets."""

from limits.addresses import get_client_address
from limits.basic import read_basic
from limits.lockout import (
    forget_failed_client,
    forget_failed_sign_ins,
    get_lock_seconds,
    is_client_locked,
    report_failed_client,
)
from limits.rates import Rate, get_rates
from limits.sign_in_pages import guard_sign_in_page
from limits.token_endpoints import guard_client_endpoint, guard_token_endpoint
from limits.usage import READ, TOKEN, WRITE, Usage, count_request, write_rate_headers

__all__ = [
    "READ",
    "TOKEN",
    "WRITE",
    "Rate",
    "Usage",
    "count_request",
    "forget_failed_client",
    "forget_failed_sign_ins",
    "get_client_address",
    "get_lock_seconds",
    "get_rates",
    "guard_client_endpoint",
    "guard_sign_in_page",
    "guard_token_endpoint",
    "is_client_locked",
    "read_basic",
    "report_failed_client",
    "write_rate_headers",
]
