"""The access token with which this service asks an Open edX LMS."""

import logging
import threading
import time
from typing import Any

import requests
from django.conf import settings
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session

from grades.constants import GradeProblem
from grades.exceptions import GradeNotRead

logger = logging.getLogger(__name__)


class LmsToken:
    """An OAuth2 client-credentials token, fetched once for all threads and kept until shortly before it expires."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._header: str | None = None
        self._usable_until = 0.0

    def get_header(self) -> str | None:
        """Return the `Authorization` header; None when `LMS_CLIENT_ID` is not set. Raises: GradeNotRead."""
        if not settings.LMS_CLIENT_ID:
            return None
        with self._lock:
            if self._header is None or time.time() >= self._usable_until:
                token = _fetch_token()
                # Whoever starts a page with it must be able to finish the page with it.
                self._usable_until = token.get("expires_at", 0) - settings.LMS_PAGE_TIMEOUT_SECONDS
                self._header = _format_header(token)
            return self._header

    def forget(self) -> None:
        """Fetch a new token the next time."""
        with self._lock:
            self._header = None


def _fetch_token() -> dict[str, Any]:
    try:
        with OAuth2Session(client=BackendApplicationClient(client_id=settings.LMS_CLIENT_ID)) as session:
            token: dict[str, Any] = session.fetch_token(
                f"{settings.LMS_BASE_URL.rstrip('/')}/oauth2/access_token",
                client_secret=settings.LMS_CLIENT_SECRET,
                timeout=settings.LMS_TIMEOUT_SECONDS,
                token_type="jwt",  # noqa: S106 -- the kind of token that an LMS prefers, no password
            )
            return token
    except requests.Timeout as error:
        raise GradeNotRead(GradeProblem.TOO_SLOW) from error
    except requests.RequestException as error:
        raise GradeNotRead(GradeProblem.UNREACHABLE) from error
    # oauthlib takes it for granted that the server sent a JSON object, with numbers where it wants numbers.
    except (OAuth2Error, AttributeError, TypeError, ValueError) as error:
        logger.exception("The LMS gave no access token")
        raise GradeNotRead(GradeProblem.REFUSED) from error


def _format_header(token: dict[str, Any]) -> str:
    access_token = token["access_token"]
    if not (isinstance(access_token, str) and access_token.isascii() and access_token.isprintable()):
        raise GradeNotRead(GradeProblem.REFUSED)
    word = "JWT" if str(token.get("token_type")).lower() == "jwt" else "Bearer"
    return f"{word} {access_token}"
