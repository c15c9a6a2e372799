"""A process tells the shared counter of many requests at once, and is mistaken by few."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from limits.service import count_request
from limits.tallies import forget_tallies

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _rate(settings):
    settings.REQUEST_RATES = {"read": "2000/minute"}


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


class SharedCounter:
    """Stands for the one that all processes share."""

    def __init__(self):
        self.told = []
        self.lock = threading.Lock()

    def count(self, counter, window, *, seconds, requests=1):
        with self.lock:
            self.told.append(requests)
            return sum(self.told)


@pytest.fixture
def told(monkeypatch):
    """What the shared counter is told, a number of requests at a time."""
    shared = SharedCounter()
    monkeypatch.setattr("limits.tallies.get_counter", lambda: shared)
    return shared.told


def send(number):
    return [count_request("read", "user:1").sent for _ in range(number)]


def test_each_request_is_counted_though_the_shared_counter_is_told_of_few(told):
    assert send(41) == list(range(1, 42))
    assert told == [1, 10, 10, 10, 10]


def test_a_process_that_begins_learns_of_what_others_have_told(told):
    send(21)
    forget_tallies()

    assert send(2) == [22, 23]


def test_another_process_is_mistaken_by_half_a_percent_of_the_rate_at_most():
    send(30)
    forget_tallies()

    assert send(1) == [22]


def test_a_rate_that_is_used_up_is_noticed_at_the_same_request_by_the_only_process():
    usages = [count_request("read", "user:1") for _ in range(2001)]

    assert [usage.is_exceeded for usage in usages[-2:]] == [False, True]


def test_a_new_window_begins_at_one():
    send(15)
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        assert send(1) == [1]


def test_no_request_is_lost_when_threads_race(told):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, [100] * 8))

    assert 790 < sum(told) <= 800
    assert send(1) == [801]


def test_many_requesters_are_not_remembered_for_ever(monkeypatch):
    monkeypatch.setattr("limits.tallies.MAX_TALLIES", 2)
    for number in range(3):
        count_request("read", f"user:{number}")

    assert count_request("read", "user:0").sent == 2
