"""What happens when a guesser is locked out."""

from typing import Any

from axes.signals import user_locked_out
from django.dispatch import receiver
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from limits.lockout import get_lock_seconds


class TooManyAttempts(Throttled):
    """Too many wrong passwords. 429, not 401 or 403: it passes with time, and says nothing about the password sent."""

    default_detail = "Too many failed attempts."
    default_code = "too_many_attempts"


@receiver(user_locked_out)
def refuse_api_sign_in(*, request: Any, **kwargs: Any) -> None:
    """Answer the API's sign-in; login pages are answered by the middleware of axes."""
    if isinstance(request, Request):
        raise TooManyAttempts(wait=get_lock_seconds())
