"""Workers, databases and disks that fail in the middle of an import (imports page, Faults)."""

import time
from contextlib import contextmanager
from io import BytesIO
from random import Random
from secrets import randbits

import pytest
from django.db import connection

from imports.constants import ImportKind
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
        return create_import(program_uuid=into.uuid, kind=ImportKind.PROGRAM_ENROLLMENTS, file=file)

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
    return fetch_value(
        """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
        """
    )


def fetch_value(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return row[0] if row else None


@contextmanager
def trigger(table, event, body):
    """Let the database do something at each statement of the kind; yields how to tell what `times_met` counts."""
    run(
        f"""
        CREATE SEQUENCE times_met;
        CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN {body}; RETURN NULL; END $$;
        CREATE TRIGGER meet {event} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION meet();
        """
    )
    try:
        yield lambda: fetch_value("SELECT last_value FROM times_met WHERE is_called") or 0
    finally:
        run(f"DROP TRIGGER meet ON {table}; DROP FUNCTION meet; DROP SEQUENCE times_met;")


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_an_import_survives_its_workers_being_killed_twenty_times(send, environment):
    seed = randbits(32)
    print(f"seed {seed}")  # noqa: T201 -- shown when the test fails
    moments = Random(seed)  # noqa: S311 -- when to kill is no secret
    item = send(ROWS_UNDER_KILLS)
    killed_in: list[str] = []
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


def test_a_worker_that_is_told_to_end_leaves_the_rest_to_another(send, environment):
    item = send(50_000)
    with live_worker(**environment) as worker:
        wait_until(lambda: rows_done_of(item), "rows are applied")
        seen = rows_done_of(item)
        worker.terminate()
        assert worker.wait(SECONDS) == 0
    before = progress_of(item)
    assert before[0] == "applying"
    assert before[2] - seen < 10_000
    with worker_nursery(**environment) as start_worker:
        start_worker()
        wait_for_progress(item, before)
        wait_for_end(item)
    assert_each_row_once(item, 50_000)


def test_programs_are_imported_side_by_side_and_each_in_order(send, environment, program):
    other = CurriculumFactory().program
    items = [send(10_000, prefix, into) for prefix in ("first", "second") for into in (program, other)]
    with worker_nursery(**environment) as start_worker:
        start_worker()
        start_worker()
        for item in items:
            wait_for_end(item)
    for item in items:
        assert_each_row_once(item, 10_000)
    first, other_first, second, other_second = items
    assert max(first.started_at, other_first.started_at) < min(first.finished_at, other_first.finished_at)
    assert first.finished_at <= second.started_at
    assert other_first.finished_at <= other_second.started_at


@pytest.mark.parametrize(
    ("table", "is_met"),
    [
        ("imports_importrow", lambda progress: progress[1]),
        ("program_enrollments_historicalprogramenrollment", lambda progress: progress[2]),
    ],
    ids=["while planning", "while applying"],
)
def test_an_import_waits_while_the_disk_of_the_database_is_full(send, environment, table, is_met):
    item = send(50_000)
    is_full = "PERFORM nextval('times_met'); RAISE EXCEPTION USING ERRCODE = 'disk_full'"
    with worker_nursery(**environment) as start_worker:
        start_worker()
        wait_until(lambda: is_met(progress_of(item)), "the import is in the middle")
        with trigger(table, "BEFORE INSERT", is_full) as times_met:
            wait_until(times_met, "the database has refused to write")
            before = progress_of(item)
        assert before[0] in {"planning", "applying"}
        wait_for_progress(item, before)
        wait_for_end(item)
    assert_each_row_once(item, 50_000)


def test_an_import_waits_while_the_database_is_read_only(send, tmp_path, environment):
    item = send(10_000)
    # Whatever the worker's connection begins after the first chunk may not write.
    body = """
        IF (SELECT rows_done FROM imports_import) > 0 THEN
            IF nextval('times_met') = 1 THEN PERFORM set_config('default_transaction_read_only', 'on', false); END IF;
        END IF
    """
    log_file = tmp_path / "log"
    with worker_nursery(log_file, **environment) as start_worker, trigger("imports_import", "AFTER UPDATE", body):
        start_worker()
        wait_for_end(item)
    assert_each_row_once(item, 10_000)
    log = log_file.read_text()
    assert "The database cannot be used" in log
    assert "refused one learner" not in log


@pytest.fixture
def database_with_import(own_database, tmp_path):
    """A PostgreSQL that the test may crash, with an import of 50,000 rows that waits."""
    own_database.run(PREPARE_IMPORT, FILES_FOLDER=str(tmp_path))
    return own_database


PREPARE_IMPORT = """
import io
from imports.service import create_import
from tests.factories.catalog import CurriculumFactory
lines = "".join(f"learner-{n},enrolled\\n" for n in range(50_000))
file = io.BytesIO(f"student_key,status\\n{lines}".encode())
create_import(program_uuid=CurriculumFactory().program.uuid, kind="program_enrollments", file=file)
"""


def test_a_worker_outlives_crashes_of_the_database_and_goes_on(database_with_import, environment):
    progress = "SELECT state, rows_total, rows_done FROM imports_import"
    planned, applied = "SELECT rows_total FROM imports_import", "SELECT rows_done FROM imports_import"
    with live_worker(**environment | {"DATABASE_URL": database_with_import.url}) as worker:
        for rows in (planned, applied):
            wait_until(lambda rows=rows: database_with_import.fetch(rows) > (0,), "the import is in the middle")
            database_with_import.crash()
            database_with_import.restart()
            before = database_with_import.fetch(progress)
            restarted_at = time.monotonic()
            wait_until(lambda before=before: database_with_import.fetch(progress) != before, "the import goes on")
            assert time.monotonic() - restarted_at < GOES_ON_WITHIN_SECONDS
            assert worker.poll() is None
        wait_until(lambda: database_with_import.fetch(progress) == ("applied", 50_000, 50_000), "the import has ended")
        assert worker.poll() is None
    counts = """
        SELECT count(*), count(DISTINCT external_user_key), count(*) FILTER (WHERE history_type = '+')
        FROM program_enrollments_historicalprogramenrollment
    """
    assert database_with_import.fetch(counts) == (50_000, 50_000, 50_000)
    enrolled = "SELECT count(DISTINCT external_user_key) FROM program_enrollments_programenrollment"
    assert database_with_import.fetch(enrolled) == (50_000,)
