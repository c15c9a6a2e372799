"""The settings of a deployment, with the naive version at a path of its own, and log lines in a file."""

from config.settings import *  # noqa: F403 -- all of them
from config.settings import DATA_DIR, LOGGING

ROOT_URLCONF = "benchmarks.urls"
STATIC_ROOT = DATA_DIR / "bench" / "static"
LOGGING["handlers"]["stderr"] |= {"class": "logging.FileHandler", "filename": DATA_DIR / "bench" / "service.log"}
