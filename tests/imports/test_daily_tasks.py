"""What workers do once a day (setting `DAILY_TASKS`)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult
from oauth2_provider.models import AccessToken
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from imports.worker import queue_daily_tasks
from limits.models import RequestCount
from program_enrollments.models import IdempotencyKey

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def queue_at(time):
    with time_machine.travel(time, tick=False):
        queue_daily_tasks()
    return DBTaskResult.objects.count()


def test_each_is_queued_once_in_24_hours():
    times = [NOON, NOON + 23 * HOUR, NOON + 24 * HOUR, NOON + 25 * HOUR]

    queued = [queue_at(time) for time in times]

    assert [count / len(settings.DAILY_TASKS) for count in queued] == [1, 1, 2, 2]


@pytest.fixture
def expiring():
    """A row of each kind that is of no use an hour after noon, and one of each that is of use for ten days."""
    for use in (HOUR, timedelta(days=10)):
        end = NOON + use
        AccessToken.objects.create(token=str(use), expires=end)
        OutstandingToken.objects.create(jti=str(use), token="a", expires_at=end)
        Session.objects.create(session_key=str(use), session_data="", expire_date=end)
    return AccessToken, OutstandingToken, Session


def run_daily_tasks():
    for path in settings.DAILY_TASKS:
        import_string(path).call()


def test_they_delete_tokens_and_sessions_that_have_expired(expiring):
    with time_machine.travel(NOON + 2 * HOUR):
        run_daily_tasks()

    assert [model.objects.count() for model in expiring] == [1, 1, 1]


def test_they_delete_answers_and_counts_that_are_remembered_no_longer():
    for time in (NOON, NOON + 30 * HOUR):
        RequestCount.objects.create(counter=str(time), window=1, requests=1, counted_at=time)
        IdempotencyKey.objects.create(requester="user:1", key=str(time), status=200, created=time)

    with time_machine.travel(NOON + 31 * HOUR):
        run_daily_tasks()

    assert [RequestCount.objects.count(), IdempotencyKey.objects.count()] == [1, 1]
