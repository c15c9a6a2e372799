"""Fail if a migration locks a table that is in use, or breaks the version that still runs beside it.

A new one that is meant so goes into `KNOWN`, with the reason why it is safe.
"""

import logging
import os
import re
import sys
from pathlib import Path
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.apps import apps  # noqa: E402 -- settings come first
from django.conf import settings  # noqa: E402 -- as above
from django_migration_linter import MigrationLinter  # noqa: E402 -- as above
from django_migration_linter.sql_analyser.base import Check, CheckMode, CheckType  # noqa: E402 -- as above
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser  # noqa: E402 -- as above

FIRST_RELEASE = "no installation had data before version 1.0.0"
KNOWN = {
    ("catalog", "0002_program_key"): FIRST_RELEASE,
    ("grades", "0002_initial"): "the table is new",
    ("imports", "0002_leaner_rows"): FIRST_RELEASE,
    ("limits", "0001_initial"): "the table is new",
    ("program_enrollments", "0002_runs_know_their_program"): FIRST_RELEASE,
    ("program_enrollments", "0003_longer_history_ids"): FIRST_RELEASE,
}


def validates_constraint(statements: list[str], **context: object) -> bool:
    """Tell whether a foreign key or a check is added to a table with rows, all of which are read under a lock.

    `ADD CONSTRAINT ... NOT VALID`, and in a later migration `VALIDATE CONSTRAINT`, lets others write meanwhile.
    """
    new_tables = {found[1] for sql in statements if (found := re.match(r'CREATE TABLE ("[^"]+")', sql))}
    added = [
        found[1]
        for sql in statements
        if (
            found := re.match(
                r'ALTER TABLE ("[^"]+") ADD (?:COLUMN .*)?CONSTRAINT .*(?:FOREIGN KEY|REFERENCES|CHECK)', sql
            )
        )
        and "NOT VALID" not in sql
    ]
    return not new_tables.issuperset(added)


class Analyser(PostgresqlAnalyser):
    """Knows one more statement that locks."""

    migration_checks: ClassVar[list[Check]] = [
        *PostgresqlAnalyser.migration_checks,
        Check(
            code="VALIDATED_CONSTRAINT",
            fn=validates_constraint,
            message="ADD CONSTRAINT reads the table under a lock",
            mode=CheckMode.TRANSACTION,
            type=CheckType.ERROR,
        ),
    ]


def make_linter() -> MigrationLinter:
    """Return a linter for which statements that lock a table are errors."""
    linter = MigrationLinter(settings.BASE_DIR, no_cache=True, quiet=["ok", "ignore"], all_warnings_as_errors=True)
    linter.sql_analyser_class = Analyser
    return linter


def main() -> int:
    """Look at the migrations of our own packages. Returns the exit code."""
    logging.disable(logging.INFO)
    own = [app.label for app in apps.get_app_configs() if Path(app.path).parent == Path(settings.BASE_DIR)]
    linter = make_linter()
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
