"""What gunicorn reads at its start from the folder it is started in."""

import os
from pathlib import Path
from typing import Any

import environ

from config.logging import build_logging

env = environ.Env()
environ.Env.read_env(Path(__file__).resolve().parent / ".env")

logconfig_dict = build_logging(env, debug=env.bool("DEBUG", default=True))
# A listing may be asked for many student keys at once; gunicorn takes no longer line than this.
limit_request_line = 8190
# The service writes a line for each request itself. Should an access log be switched on all the same, its lines have
# no path and no query, which name learners, and no referrer, which may.
access_log_format = '%(h)s %(m)s %(s)s %(B)s %(M)s "%({x-request-id}o)s"'


def on_starting(server: Any) -> None:
    """Forget the metrics of processes before a restart, whose numbers new ones may have."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        for file in Path(folder).glob("*.db"):
            file.unlink()
