import pytest

from benchmarks.judging import Row
from benchmarks.load import Latencies, LoadResult, summarize
from benchmarks.obstacles import OBSTACLES
from benchmarks.report import COLOR_NAMES, COLORS, Report
from benchmarks.sizes import OPERATIONS, YARDSTICK, SizePoint

LATENCIES = Latencies(p50=5.0, p95=9.0, p99=12.0)


def make_size_point(rows, median, *, yardstick=1.0):
    return SizePoint(rows, dict.fromkeys(OPERATIONS, median) | {YARDSTICK: yardstick})


def make_report(*rows, points=(), reconnects=0):
    return Report(
        rows=rows,
        points=points or [make_size_point(10, 1.0), make_size_point(100, 2.0)],
        loads=[LoadResult(4, 100.0, LATENCIES, {"write": LATENCIES}, [], reconnects)],
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


def test_each_line_has_a_color_of_its_own():
    assert len(set(COLORS)) == len(set(COLOR_NAMES)) == len(OPERATIONS)


def test_reconnects_are_shown_on_the_page_and_in_the_terminal():
    report = make_report(reconnects=3)

    assert "write 5.0 / 9.0 | 0 | 3 |" in report.as_page()
    assert "0 errors [], 3 reconnects" in report.as_text()


def test_the_page_tells_how_both_limits_work():
    page = make_report().as_page()

    assert "*Limit*: " in page
    assert "*Prepared limit*: " in page


@pytest.mark.parametrize(("values", "p50"), [([], 0), ([7.0], 0), ([1.0, 2.0, 3.0], 2.0)])
def test_percentiles_need_two_values(values, p50):
    assert summarize(values).p50 == p50
