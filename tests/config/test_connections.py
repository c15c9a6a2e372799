"""A connection that the server has ended is noticed ahead of a request; those alive are not asked about it."""

import select
from contextlib import closing

import psycopg2
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from tests.live_service import database_url


def read_process_id():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def run_elsewhere(sql, *values):
    with closing(psycopg2.connect(database_url())) as other:
        other.autocommit = True
        with other.cursor() as cursor:
            cursor.execute(sql, values)


def read_last_query(process_id):
    with closing(psycopg2.connect(database_url())) as other, other.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [process_id])
        return cursor.fetchone()[0]


def wait_for_word_from_the_server():
    readable, _, _ = select.select([connection.connection.fileno()], [], [], 10)
    assert readable


@pytest.mark.django_db(transaction=True)
def test_a_connection_alive_is_usable_and_is_not_asked():
    process_id = read_process_id()

    assert connection.is_usable()
    assert read_last_query(process_id) == "SELECT pg_backend_pid()"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_replaced_ahead_of_a_request():
    process_id = read_process_id()
    run_elsewhere("SELECT pg_terminate_backend(%s)", process_id)
    wait_for_word_from_the_server()

    assert not connection.is_usable()
    connection.close_if_unusable_or_obsolete()
    assert read_process_id() != process_id


@pytest.mark.django_db(transaction=True)
def test_a_connection_on_which_the_server_told_something_else_stays():
    process_id = read_process_id()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN something")
    run_elsewhere("NOTIFY something")
    wait_for_word_from_the_server()

    assert connection.is_usable()
    assert read_process_id() == process_id


@pytest.mark.django_db(transaction=True)
def test_a_connection_on_which_something_failed_is_replaced_ahead_of_a_request():
    process_id = read_process_id()
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)")

    connection.close_if_unusable_or_obsolete()

    assert read_process_id() != process_id


@pytest.mark.django_db(transaction=True)
def test_a_connection_on_which_something_failed_is_asked():
    process_id = read_process_id()
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)")

    assert connection.is_usable()
    assert read_last_query(process_id) == "SELECT 1"


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_failed_is_not_usable():
    with transaction.atomic():
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE unique_violation; END $$")

        assert not connection.is_usable()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_closed_connection_is_not_usable():
    read_process_id()
    connection.close()

    assert not connection.is_usable()
