import pytest

from benchmarks.batches import KnownLearners
from benchmarks.filling import FIRST_WRITABLE_ROW
from benchmarks.scale import FULL, QUICK
from benchmarks.sizes import BATCHES, INFORMATION, OPERATIONS, YARDSTICK, SizePoint, judge

CHANGED_AT_EACH_SIZE = 3


def make_point(rows, median, *, yardstick=1.0, limit=1.0):
    limits = {"limit_create": limit, "limit_update": limit}
    return SizePoint(rows, dict.fromkeys(OPERATIONS, median) | limits | {YARDSTICK: yardstick})


def judge_medians(*medians):
    rows = judge([make_point(10**number, median) for number, median in enumerate(medians, start=1)])
    return {(row.value, row.service) for row in rows}


def test_growth_is_the_largest_from_any_size_to_a_larger_one():
    assert judge_medians(2.0, 5.0, 3.0) == {(2.5, "2.00 ms at 10, 5.00 ms at 100")}


def test_a_slow_minute_at_the_smallest_size_does_not_hide_growth():
    assert judge_medians(4.0, 2.0, 3.0, 5.0) == {(2.5, "2.00 ms at 100, 5.00 ms at 10,000")}


def test_what_gets_cheaper_all_the_way_has_not_grown():
    assert judge_medians(4.0, 2.0, 1.0) == {(0.5, "4.00 ms at 10, 2.00 ms at 100")}


def test_growth_leaves_out_by_how_much_the_machine_itself_was_slower():
    rows = judge([make_point(10, 2.0), make_point(100, 6.0, yardstick=2.0)])

    assert {row.value for row in rows} == {1.5}


def test_the_growth_of_the_limit_is_told_where_there_is_one():
    rows = judge([make_point(10, 2.0, limit=4.0), make_point(100, 2.0, limit=1.0), make_point(1000, 2.0, limit=2.0)])

    assert {row.key: row.limit for row in rows if row.limit} == {
        "growth_create": "grows 2.00 x, from 100 to 1,000",
        "growth_update": "grows 2.00 x, from 100 to 1,000",
    }


def test_all_growth_is_judged_but_that_of_first_updates():
    rows = judge([make_point(10, 1.0), make_point(100, 1.0)])

    assert [row.key for row in rows if row.must is None] == [f"growth_{INFORMATION}"]


@pytest.mark.parametrize("scale", [FULL, QUICK])
def test_there_are_learners_for_all_updates_at_the_smallest_size(scale, monkeypatch):
    monkeypatch.setattr(KnownLearners, "_given_out", set())
    learners = KnownLearners(scale.steps[0] // 4)

    taken = [row for _ in range(CHANGED_AT_EACH_SIZE) for batch in learners.take(BATCHES) for row in batch]

    assert min(taken) >= FIRST_WRITABLE_ROW
    assert len(taken) == len(set(taken))
