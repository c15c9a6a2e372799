"""Fail if a migration locks a table that is in use, or breaks the version that still runs beside it.

A new one that is meant so goes into `KNOWN`, with the reason why it is safe.
"""

import logging
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.apps import apps  # noqa: E402 -- settings come first
from django.conf import settings  # noqa: E402 -- as above
from django_migration_linter import MigrationLinter  # noqa: E402 -- as above

FIRST_RELEASE = "no installation had data before version 1.0.0"
KNOWN = {
    ("catalog", "0002_program_key"): FIRST_RELEASE,
    ("grades", "0002_initial"): "the table is new",
    ("imports", "0002_leaner_rows"): FIRST_RELEASE,
    ("limits", "0001_initial"): "the table is new",
    ("program_enrollments", "0002_runs_know_their_program"): FIRST_RELEASE,
    ("program_enrollments", "0003_longer_history_ids"): FIRST_RELEASE,
}


def main() -> int:
    """Look at the migrations of our own packages. Returns the exit code."""
    logging.disable(logging.INFO)
    own = [app.label for app in apps.get_app_configs() if Path(app.path).parent == Path(settings.BASE_DIR)]
    linter = MigrationLinter(settings.BASE_DIR, no_cache=True, quiet=["ok", "ignore"])
    for label, name in sorted(linter.migration_loader.disk_migrations):
        if label in own and (label, name) not in KNOWN:
            linter.lint_migration(linter.migration_loader.get_migration(label, name))
    if not linter.nb_total:
        sys.stdout.write("There are no migrations.\n")
        return 1
    sys.stdout.write(f"{linter.nb_total} migrations: {linter.nb_erroneous} lock tables or break the version before.\n")
    return 1 if linter.has_errors else 0


if __name__ == "__main__":
    sys.exit(main())
