from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction

from limits.models import RequestCount
from limits.service import count_request

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(params=["limits.counting.CacheCounter", "limits.counting.DatabaseCounter"])
def counter(request, settings):
    settings.REQUEST_COUNTER = request.param
    settings.REQUEST_RATES = {"read": "3/minute", "write": "2/second"}


@pytest.fixture
def database_counter(settings):
    """Counts one by one."""
    settings.REQUEST_COUNTER = "limits.counting.DatabaseCounter"
    settings.REQUEST_RATES = {"read": "300/minute", "write": "300/second"}


def count(scope="read", requester="user:1"):
    usage = count_request(scope, requester)
    return usage.sent, usage.remaining, usage.is_exceeded


@time_machine.travel(NOON, tick=False)
def test_requests_are_refused_once_the_rate_is_used_up(counter):
    assert [count() for _ in range(4)] == [(1, 2, False), (2, 1, False), (3, 0, False), (4, 0, True)]


@time_machine.travel(NOON, tick=False)
def test_requesters_and_scopes_are_counted_apart(counter):
    count()

    assert count(requester="user:2") == (1, 2, False)
    assert count(scope="write") == (1, 1, False)


def test_counting_begins_anew_with_the_next_window(counter):
    with time_machine.travel(NOON + timedelta(seconds=59), tick=False):
        assert count_request("read", "user:1").reset_seconds == 1
    with time_machine.travel(NOON + timedelta(seconds=60), tick=False):
        usage = count_request("read", "user:1")

    assert (usage.sent, usage.reset_seconds) == (1, 60)


def test_a_process_whose_clock_is_late_counts_in_the_window_that_others_opened(database_counter):
    with time_machine.travel(NOON, tick=False):
        count()
    with time_machine.travel(NOON - timedelta(seconds=1), tick=False):
        assert count()[0] == 2
    with time_machine.travel(NOON, tick=False):
        assert count()[0] == 3


def test_counting_in_the_database_costs_one_query(database_counter, django_assert_num_queries):
    with django_assert_num_queries(1):
        count()


@pytest.mark.django_db(transaction=True)
@time_machine.travel(NOON, tick=False)
def test_no_request_is_lost_when_many_race(database_counter):
    def send(_):
        try:
            return [count_request("write", "user:1").sent for _ in range(25)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        seen = [sent for some in threads.map(send, range(4)) for sent in some]

    assert sorted(seen) == list(range(1, 101))


def test_requests_are_let_through_while_the_shared_cache_is_down(settings):
    # Nothing listens on port 1.
    settings.CACHES = {
        "requests": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }

    assert count()[2] is False


def test_neither_names_nor_addresses_are_stored(database_counter):
    count(requester="address:10.1.2.3")

    assert "10.1.2.3" not in RequestCount.objects.get().counter


def test_pruning_deletes_the_counts_of_requesters_that_sent_nothing_for_a_day(database_counter, capsys):
    with time_machine.travel(NOON - timedelta(days=1, seconds=1)):
        count(requester="user:1")
    with time_machine.travel(NOON - timedelta(hours=23)):
        count(requester="user:2")

    with time_machine.travel(NOON):
        call_command("prune_request_counts")

    assert capsys.readouterr().out == "Deleted 1 counts of requests.\n"
    assert RequestCount.objects.count() == 1


def show_synchronous_commit():
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return cursor.fetchone()[0]


@pytest.fixture
def notices(database_counter):
    """What the server says to this connection, with a line for each count: whether its commit waits for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION pg_temp.tell() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE NOTICE 'waits: %', current_setting('synchronous_commit'); RETURN NULL; END $$;
            CREATE TRIGGER tell AFTER INSERT OR UPDATE ON limits_requestcount
                FOR EACH ROW EXECUTE FUNCTION pg_temp.tell()
        """)
        connection.connection.notices.clear()
        yield connection.connection.notices
        cursor.execute("DROP FUNCTION pg_temp.tell() CASCADE")


@pytest.mark.django_db(transaction=True)
def test_a_count_does_not_wait_for_the_disk_but_in_its_callers_transaction(notices):
    count()
    count()
    with transaction.atomic():
        count()

    assert notices == ["NOTICE:  waits: off\n", "NOTICE:  waits: off\n", "NOTICE:  waits: on\n"]


@pytest.mark.django_db(transaction=True)
def test_what_comes_after_a_count_waits_for_the_disk_as_before(database_counter):
    before = show_synchronous_commit()

    count()

    assert show_synchronous_commit() == before == "on"
    assert RequestCount.objects.get().requests == 1


@pytest.mark.django_db(transaction=True)
def test_a_count_leaves_the_durability_of_its_callers_transaction_alone(database_counter):
    with transaction.atomic():
        count()

        assert show_synchronous_commit() == "on"
