"""The PostgreSQL that benchmarks measure: their own, with its default durability, apart from the developer's data."""

import os
import secrets
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import django
import psycopg2

from config.development_key import load_development_key
from config.embedded import start_embedded_database

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench"


def start() -> None:
    """Start it, let the settings of this process and of those it starts be a deployment's, and make its tables.

    To be called before anything is imported that reads the settings.
    """
    address = start_embedded_database(FOLDER)
    url = f"postgres://{address['USER']}@/{address['NAME']}?host={address['HOST']}"
    load_development_key(FOLDER)
    os.environ |= {
        "DATABASE_URL": url + (f"&port={address['PORT']}" if address["PORT"] else ""),
        "DEBUG": "false",
        "HTTPS_ONLY": "false",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "JWT_SIGNING_KEY_FILE": str(FOLDER / "development_signing_key.pem"),
        "ALLOWED_HOSTS": "127.0.0.1",
        # Every request is counted, and none refused.
        "RATE_READS": "100000000/minute",
        "RATE_WRITES": "100000000/minute",
        "FILES_FOLDER": str(FOLDER / "files"),
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
    }
    (FOLDER / "static").mkdir(exist_ok=True)
    (FOLDER / "service.log").write_text("")
    django.setup()

    from django.core.management import call_command  # noqa: PLC0415 -- needs the settings

    call_command("migrate", verbosity=0)


def connect() -> Any:
    """Return a connection of bare psycopg2, without Django, that commits each statement by itself."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    return connection


def execute(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Run statements that return nothing."""
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def fetch(sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def settle() -> None:
    """Finish what PostgreSQL would do in the background: vacuum, statistics, a checkpoint."""
    execute("VACUUM (ANALYZE)")
    execute("CHECKPOINT")


def describe() -> str:
    """Return the server's version and the settings that matter for writes."""
    ((version, fsync, commit, buffers),) = fetch(
        "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),"
        " current_setting('shared_buffers')"
    )
    return f"PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}, shared_buffers {buffers}"
