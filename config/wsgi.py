"""The WSGI application that gunicorn serves."""

import gc
import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

COLLECT_AFTER_OBJECTS = 10_000

django_application = get_wsgi_application()
# All views are imported now, so that the first request does not wait for them. They stay for good: collections that
# looked at them again and again, after every 700 new objects, took a tenth of a write's time.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(COLLECT_AFTER_OBJECTS)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Serve a request; one whose media type Django cannot read is of an unknown type, not a fault of ours."""
    try:
        parse_header_parameters(environ.get("CONTENT_TYPE", ""))
    except ValueError:
        environ["CONTENT_TYPE"] = "application/octet-stream"
    return django_application(environ, start_response)
