import pytest

from benchmarks.judging import Row
from benchmarks.load import Latencies, LoadResult, summarize
from benchmarks.obstacles import OBSTACLES
from benchmarks.report import Report
from benchmarks.sizes import OPERATIONS, YARDSTICK, SizePoint, judge

LATENCIES = Latencies(p50=5.0, p95=9.0, p99=12.0)


def make_size_point(rows, median, *, yardstick=1.0):
    return SizePoint(rows, dict.fromkeys(OPERATIONS, median) | {YARDSTICK: yardstick})


def make_report(*rows, points=()):
    return Report(
        rows=rows,
        points=points or [make_size_point(10, 1.0), make_size_point(100, 2.0)],
        loads=[LoadResult(4, 100.0, LATENCIES, {"write": LATENCIES}, [], 0)],
        enrollments=100,
        program_size=20,
        programs=50,
        load_seconds=60,
        workers="2",
        machine="2 cores, PostgreSQL 18",
        measured_at="2026-11-25",
    )


def make_page_row(value):
    return Row(key="page", work="Page of 100", value=value, must=2.5, aim=1.6, plan="an_index, 101 rows read")


def test_the_page_says_what_stands_in_the_way_of_a_missed_aim():
    assert f"- Page of 100 (2.00 x): {OBSTACLES['page']}" in make_report(make_page_row(2.0)).as_page()


def test_the_page_explains_nothing_when_the_aim_is_met():
    page = make_report(make_page_row(1.5)).as_page()

    assert "All aims are met." in page
    assert OBSTACLES["page"] not in page


def test_the_page_has_a_line_for_each_operation_relative_to_the_smallest_size():
    assert make_report().as_page().count("line [1.00, 2.00]") == len(OPERATIONS)


def test_growth_is_the_slowest_median_against_the_smallest_size():
    sizes = [(10, 2.0), (100, 5.0), (1000, 3.0)]

    rows = judge([make_size_point(rows, median) for rows, median in sizes])

    assert {row.value for row in rows} == {2.5}


def test_growth_leaves_out_by_how_much_the_machine_itself_was_slower():
    rows = judge([make_size_point(10, 2.0), make_size_point(100, 6.0, yardstick=2.0)])

    assert {row.value for row in rows} == {1.5}


@pytest.mark.parametrize(("values", "p50"), [([], 0), ([7.0], 0), ([1.0, 2.0, 3.0], 2.0)])
def test_percentiles_need_two_values(values, p50):
    assert summarize(values).p50 == p50
