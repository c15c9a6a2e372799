"""What gunicorn reads at its start from the folder it is started in."""

from pathlib import Path

import environ

from config.logging import build_logging

env = environ.Env()
environ.Env.read_env(Path(__file__).resolve().parent / ".env")

logconfig_dict = build_logging(env, debug=env.bool("DEBUG", default=True))
# The service writes a line for each request itself. Should an access log be switched on all the same, its lines have
# no path and no query, which name learners, and no referrer, which may.
access_log_format = '%(h)s %(m)s %(s)s %(B)s %(M)s "%({x-request-id}o)s"'
