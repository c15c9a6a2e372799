"""A backup, as docs/operations.md tells to make one, restored into an empty database."""

import subprocess
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.db import connection

from tests.factories.catalog import CurriculumFactory
from tests.factories.learners import (
    CertificateFactory,
    CourseEnrollmentFactory,
    IdentityFactory,
    IdentityProviderFactory,
)
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory
from tests.live_service import database_url
from tests.own_database import find_program

COUNT = 50


@contextmanager
def empty_database():
    """A database of its own, on the server that the tests use; yields its address."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(database_url())._replace(path=f"/{name}").geturl()
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def read_everything(url):
    """Return {table: (how many rows, a digest of all of them)}, and the constraints and indexes."""
    with closing(psycopg2.connect(url)) as own_connection, own_connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        content = {}
        for (table,) in cursor.fetchall():
            # Names of tables come from the database.
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '\n' ORDER BY t::text)) FROM {table} t")  # noqa: S608
            content[table] = cursor.fetchone()
        cursor.execute(
            """
            SELECT array_agg(name ORDER BY name) FROM (
                SELECT conname AS name FROM pg_constraint WHERE connamespace = 'public'::regnamespace
                UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            ) AS names
            """
        )
        content["constraints and indexes"] = cursor.fetchone()[0]
    return content


@pytest.mark.django_db(transaction=True)
def test_a_backup_brings_everything_back(tmp_path):
    provider = IdentityProviderFactory()
    program_uuid = CurriculumFactory().program.uuid
    for number in range(COUNT):
        place = CourseEnrollmentFactory()
        IdentityFactory(user=place.user, identity_provider=provider, student_key=f"Zoë \\ {number}\t'\n")
        enrollment = ProgramEnrollmentFactory(user=place.user, program_uuid=program_uuid)
        ProgramCourseEnrollmentFactory(program_enrollment=enrollment, course_enrollment=place)
        CertificateFactory(user=place.user)
    backup = tmp_path / "backup.dump"

    with backup.open("wb") as file:
        subprocess.run(
            [find_program("pg_dump"), "--format=custom", "--no-owner", f"--dbname={database_url()}"],
            stdout=file,
            check=True,
        )
    with empty_database() as url:
        subprocess.run(
            [find_program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={url}", str(backup)], check=True
        )
        restored = read_everything(url)

    kept = read_everything(database_url())
    assert restored == kept
    assert kept["program_enrollments_historicalprogramenrollment"][0] == COUNT
    assert kept["django_migrations"][0] > 0
