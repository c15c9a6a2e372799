"""The PostgreSQL that benchmarks measure: their own, with its default durability, apart from the developer's data."""

import os
from pathlib import Path

import django

from config.embedded import start_embedded_database

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench"


def start() -> None:
    """Start it, let the settings of this process and of those it starts name it, and bring its tables up to date."""
    address = start_embedded_database(FOLDER)
    # The settings read these when they are first loaded.
    os.environ["DATABASE_URL"] = f"postgres://{address['USER']}@/{address['NAME']}?host={address['HOST']}"
    if address["PORT"]:
        os.environ["DATABASE_URL"] += f"&port={address['PORT']}"
    os.environ["DEBUG"] = "true"
    os.environ["FILES_FOLDER"] = str(FOLDER / "files")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()

    from django.core.management import call_command  # noqa: PLC0415 -- needs the settings

    call_command("migrate", verbosity=0)
