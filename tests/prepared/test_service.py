"""Statements are prepared once a connection, and answer as when they are sent as they are."""

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from prepared.service import execution_of
from program_enrollments.outages import is_outage

SUM = "SELECT %(first)s + %(second)s::integer + %(first)s"


def run(first, second):
    with connection.cursor() as cursor:
        cursor.execute(execution_of(SUM), {"first": first, "second": second})
        return cursor.fetchone()[0]


def list_prepared():
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall() if "$1 + $2::integer + $1" in statement]


@pytest.mark.django_db
def test_a_statement_is_executed_with_the_values_of_its_placeholders():
    assert [run(1, 10), run(2, 20)] == [12, 24]


@pytest.mark.django_db
def test_a_statement_is_prepared_once():
    run(1, 1)
    run(2, 2)

    assert len(list_prepared()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_anew():
    run(1, 1)
    connection.close()

    assert run(1, 10) == 12
    assert len(list_prepared()) == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_prepared_in_a_transaction_outlives_its_rollback():
    with transaction.atomic():
        run(1, 1)
        transaction.set_rollback(True)

    assert run(1, 10) == 12


@pytest.fixture
def narrow_table():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE narrow (name varchar(3))")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE narrow")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("narrow_table")
def test_a_migration_that_widens_a_column_is_an_outage_that_passes_with_the_connection():
    def read():
        with connection.cursor() as cursor:
            cursor.execute(execution_of("SELECT name FROM narrow WHERE name <> %(name)s"), {"name": ""})

    read()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE narrow ALTER COLUMN name TYPE varchar(9)")
    with pytest.raises(DatabaseError) as fault:
        read()
    assert is_outage(fault.value)

    connection.close_if_unusable_or_obsolete()
    read()


@pytest.mark.django_db
def test_a_statement_that_postgresql_does_not_take_is_refused_as_django_refuses_it():
    with pytest.raises(ProgrammingError), transaction.atomic():
        execution_of("SELECT nothing_of_this_name")
