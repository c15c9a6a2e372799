"""Gives programs the keys that they have in another service."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.renaming import UnusableKeys, read_keys, set_program_keys


class Command(BaseCommand):
    """`manage.py set_program_keys FILE`."""

    help = (
        "Give programs the keys of a CSV file, all or nothing: its header names the columns discovery_uuid (or uuid) "
        "and key, as Registrar's table core_program does; other columns are ignored. Programs that the file lacks keep "
        "their keys. Programs that the catalog lacks are named, and then nothing is written (see --skip-unknown). "
        "The addresses of the Registrar API change with the keys."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file, and what to do with the programs that it alone knows."""
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV, UTF-8")
        parser.add_argument(
            "--skip-unknown",
            action="store_true",
            help="give the keys of the programs that the catalog has, all the same",
        )

    def handle(self, *args: Any, file: Path, skip_unknown: bool, **options: Any) -> None:
        """Read everything first, then write."""
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                keys = read_keys(lines)
            renamed, unknown = set_program_keys(keys, skip_unknown=skip_unknown)
        except (OSError, UnicodeDecodeError, UnusableKeys) as error:
            raise CommandError(f"Nothing was changed. {error}") from error
        for old, new in renamed.items():
            self.stdout.write(f"Changed {old} to {new}")
        for uuid, wanted in unknown.items():
            self.stdout.write(f"Line {wanted.line}: program {uuid} is not in the catalog.")
        if unknown and not skip_unknown:
            raise CommandError(
                f"Nothing was changed. {len(unknown)} programs of the file are not in the catalog. Load them, or leave "
                "them out with --skip-unknown."
            )
        self.stdout.write(self.style.SUCCESS(f"{len(renamed)} keys were changed."))
