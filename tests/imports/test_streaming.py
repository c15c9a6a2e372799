"""Files that are sent while the database writes them."""

import http.client
import itertools
from contextlib import closing

import pytest
from django.db import DatabaseError, connection

from imports.exporting import SAFE_CELL
from imports.streaming import stream_copy
from program_enrollments.safe_csv import escape_cell
from tests.factories.learners import StaffFactory
from tests.live_service import hash_password, live_service

MANY = "SELECT repeat('x', 1000) FROM generate_series(1, 100000)"
SELECT_SAFE_CELL = f"SELECT {SAFE_CELL.format('cell')} FROM (SELECT %s::text AS cell) AS cells"  # noqa: S608 -- constants only
FAILS_LATE = "SELECT repeat('x', 1000), 1 / (50000 - n) FROM generate_series(1, 100000) AS n"


@pytest.mark.django_db(transaction=True)
def test_a_file_is_complete():
    assert sum(len(chunk) for chunk in stream_copy(MANY, options="")) == 100_000 * 1_001


@pytest.mark.django_db(transaction=True)
def test_a_query_that_fails_late_is_an_error_and_not_the_end():
    received: list[bytes] = []

    with pytest.raises(DatabaseError, match="division by zero"):
        received.extend(stream_copy(FAILS_LATE, options=""))

    assert received


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_given_up_leaves_the_connection_usable():
    chunks = stream_copy(MANY, options="")
    assert len(list(itertools.islice(chunks, 3))) == 3

    chunks.close()

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_parameters_are_quoted():
    text = '100 % "o\'clock", \\'

    assert b"".join(stream_copy("SELECT %s::text", [text], options="")) == b'"100 % ""o\'clock"", \\"\n'


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "=a",
        "'=a",
        "''=a",
        "'a",
        "'",
        "''",
        "-",
        "+",
        "@",
        "\ta",
        "\ra",
        "'\t",
        " =a",
        "a=b",
        "'\n=",
        "\n=",
        "é=",
    ],
)
def test_cells_are_made_safe_in_the_database_as_in_python(value):
    with connection.cursor() as cursor:
        cursor.execute(SELECT_SAFE_CELL, [value])
        assert cursor.fetchone() == (escape_cell(value),)


@pytest.mark.django_db(transaction=True)
def test_a_download_that_fails_breaks_the_connection_off(program, curriculum):
    account = StaffFactory(username="operator")
    account.password = hash_password("a-password-of-tests")
    account.save()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO program_enrollments_programenrollment"
            " (created, modified, external_user_key, program_uuid, curriculum_uuid, status)"
            " SELECT now(), now(), 'S-' || n, %s, %s, 'enrolled' FROM generate_series(1, 300000) AS n",
            [program.uuid, curriculum.uuid],
        )
    with live_service() as service:
        token = service.request("POST", "/api/token/", {"username": "operator", "password": "a-password-of-tests"})[
            "access"
        ]
        path = f"/api/program_enrollments/v1/programs/{program.uuid}/enrollments/export/"
        with closing(service.open_request("GET", path, headers={"Authorization": f"JWT {token}"})) as download:
            response = download.getresponse()
            assert (response.status, len(response.read(1_000))) == (200, 1_000)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND query LIKE 'COPY%%'"
                )
                assert cursor.fetchall() == [(True,)]
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                response.read()
