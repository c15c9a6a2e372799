"""Workers, databases and disks that fail in the middle of an import (imports page, Faults)."""

import random
import time
from contextlib import contextmanager
from io import BytesIO

import pytest
from django.db import connection

from imports.models import Import
from imports.service import create_import
from program_enrollments.models import ProgramEnrollment
from tests.factories.catalog import CurriculumFactory
from tests.live_service import SECONDS, wait_until
from tests.live_worker import live_worker, worker_nursery

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 20
KILLS_WHILE_PLANNING = 7
ROWS_UNDER_KILLS = 50_000
GOES_ON_WITHIN_SECONDS = 30


@pytest.fixture
def send(program):
    """Queue an import of that many learners, who are new to the program."""

    def send(rows, prefix="learner", into=program):
        lines = "".join(f"{prefix}-{n},enrolled\n" for n in range(rows))
        file = BytesIO(f"student_key,status\n{lines}".encode())
        return create_import(program_uuid=into.uuid, kind="program_enrollments", file=file)

    return send


@pytest.fixture
def environment(tmp_path):
    return {"FILES_FOLDER": str(tmp_path)}


def progress_of(item):
    """What changes whenever a worker has stored something of the import."""
    return Import.objects.values_list("state", "rows_total", "rows_done", "modified").get(pk=item.pk)


def state_of(item):
    return progress_of(item)[0]


def rows_done_of(item):
    return progress_of(item)[2]


def wait_for_progress(item, since, is_enough=lambda progress: True):
    """Wait until the import has gone on; fail if it does not within the seconds that are promised."""
    deadline = time.monotonic() + GOES_ON_WITHIN_SECONDS
    while (progress := progress_of(item)) == since or not is_enough(progress):
        assert time.monotonic() < deadline, f"the import has not gone on since {since}"
        time.sleep(0.002)


def wait_for_end(item, state="applied"):
    wait_until(lambda: state_of(item) not in {"queued", "planning", "applying"}, "the import has ended")
    assert state_of(item) == state


def assert_each_row_once(item, rows):
    """Every row of the import is applied, and has exactly one entry in the history."""
    item.refresh_from_db()
    assert (item.rows_total, item.rows_done, item.counts) == (rows, rows, {"create": rows})
    reason = f"import {item.pk}"
    entries = ProgramEnrollment.history.filter(history_change_reason=reason)
    expected = set(item.rows.values_list("student_key", flat=True))
    enrolled = ProgramEnrollment.objects.filter(program_uuid=item.program_uuid, status="enrolled")
    assert len(expected) == entries.count() == rows
    assert expected == set(entries.filter(history_type="+").values_list("external_user_key", flat=True))
    assert expected <= set(enrolled.values_list("external_user_key", flat=True))


def other_sessions():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_an_import_survives_its_workers_being_killed_twenty_times(send, environment):
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 -- shown when the test fails
    moments = random.Random(seed)
    item = send(ROWS_UNDER_KILLS)
    killed_in = []
    with worker_nursery(**environment) as start_worker:
        while len(killed_in) < KILLS:
            before = progress_of(item)
            worker = start_worker()
            if len(killed_in) < KILLS_WHILE_PLANNING:
                wait_for_progress(item, before)
                time.sleep(moments.uniform(0, 0.2))
            else:
                wait_for_progress(item, before, lambda progress, before=before: progress[2] > before[2])
                time.sleep(moments.uniform(0, 0.03))
            worker.kill()
            killed_in.append(state_of(item))
            # A supervisor takes a while too. Until it notices, the database lets the dead keep their locks.
            wait_until(lambda: not other_sessions(), "the database has noticed")
        before = progress_of(item)
        start_worker()
        wait_for_progress(item, before)
        wait_for_end(item)
    assert set(killed_in) == {"planning", "applying"}
    assert_each_row_once(item, ROWS_UNDER_KILLS)
