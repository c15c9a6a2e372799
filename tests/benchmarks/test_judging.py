import pytest

from benchmarks.judging import Row, find_exit_code


def make_row(value, **fields):
    return Row(key="page", work="Page of 100", value=value, **({"must": 2.5, "aim": 1.6} | fields))


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(1.6, "aim met"), (1.604, "aim met"), (1.61, "met, aim missed"), (2.5, "met, aim missed"), (2.51, "MISSED")],
)
def test_a_cost_must_not_exceed_its_bounds(value, verdict):
    assert make_row(value).verdict == verdict


@pytest.mark.parametrize(("value", "verdict"), [(3.0, "aim met"), (2.0, "met, aim missed"), (1.99, "MISSED")])
def test_a_rate_must_reach_its_bounds(value, verdict):
    assert make_row(value, must=2, aim=3, more_is_better=True).verdict == verdict


def test_an_aim_without_a_must_can_only_be_missed_as_an_aim():
    assert make_row(5, must=None, aim=4).verdict == "met, aim missed"


@pytest.mark.parametrize(("value", "verdict", "explained"), [(0, "met", False), (1, "MISSED", True)])
def test_a_must_without_an_aim_has_nothing_to_explain_when_it_is_met(value, verdict, explained):
    row = make_row(value, must=0, aim=None)

    assert (row.verdict, row.misses_its_aim) == (verdict, explained)


def test_what_has_no_bounds_is_not_judged():
    assert make_row(9, must=None, aim=None).verdict == ""


@pytest.mark.parametrize(("worst", "exit_code"), [(2.5, 0), (2.6, 1)])
def test_only_a_missed_must_fails_the_run(worst, exit_code):
    assert find_exit_code([make_row(1.0), make_row(worst)]) == exit_code
