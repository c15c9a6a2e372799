import json

import pytest
from django.db import connection

from benchmarks import database, measuring
from benchmarks.calls import InProcess
from benchmarks.limits import Limits, PreparedLimits, describe
from program_enrollments.models import ProgramEnrollment
from tests.factories.catalog import CurriculumFactory


@pytest.fixture
def curriculum(monkeypatch):
    """The limits write in the test's transaction."""
    curriculum = CurriculumFactory()
    connection.ensure_connection()
    monkeypatch.setattr(database, "connect", lambda: connection.connection)
    yield curriculum
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE bare_write")
        cursor.execute("DEALLOCATE bare_page")


def test_the_prepared_limit_writes_with_history(curriculum):
    limits = PreparedLimits()
    for status in ("enrolled", "suspended", "suspended"):
        limits.write(curriculum.program.uuid, curriculum.uuid, ["student-1", "student-2"], status)

    for enrollment in ProgramEnrollment.objects.all():
        history = enrollment.history.order_by("history_id").values_list("history_type", "status")
        assert list(history) == [("+", "enrolled"), ("~", "suspended")]
    assert ProgramEnrollment.objects.count() == 2


def test_both_limits_give_the_same_page(curriculum):
    prepared_limits = PreparedLimits()
    prepared_limits.write(curriculum.program.uuid, curriculum.uuid, ["student-1", "student-2"], "enrolled")

    page, prepared_page = (json.loads(each.read_page(curriculum.program.uuid)) for each in (Limits(), prepared_limits))

    assert page == prepared_page
    assert [row["student_key"] for row in page["results"]] == ["student-1", "student-2"]


def test_the_ratio_to_the_prepared_limit_is_told():
    told = describe({"limit": 2.0, "prepared_limit": 1.0, "service": 3.0, "naive": 9.0})

    assert told == "2.00 ms; prepared limit: 1.00 ms, 3.00 x"


def test_what_others_log_now_and_then_is_no_part_of_an_act(monkeypatch):
    ends = iter([0, 60, 60, 9000, 9000, 9060])
    monkeypatch.setattr(measuring, "_find_end_of_log", lambda: next(ends))

    assert measuring.measure_log(lambda number: None, rounds=3) == 60


def test_a_put_within_the_process_that_is_refused_is_an_error():
    with pytest.raises(RuntimeError, match="401"):
        InProcess("no token").put("/api/program_enrollments/v1/programs/x/enrollments/", [])
