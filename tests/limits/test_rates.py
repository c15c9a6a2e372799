import pytest

from limits.checks import check_rates
from limits.rates import Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("600/minute", Rate(600, 60)),
        ("1/second", Rate(1, 1)),
        ("36000/hour", Rate(36000, 3600)),
        ("1000000/day", Rate(1000000, 86400)),
    ],
)
def test_a_rate_is_read(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "600", "0/minute", "-1/minute", "600/min", "600/minutes", "six/minute", "600 / minute"]
)
def test_a_malformed_rate_is_refused(text):
    with pytest.raises(ValueError, match="is not a valid rate"):
        parse_rate(text)


def test_a_malformed_rate_in_the_settings_is_found_at_start(settings):
    settings.REQUEST_RATES = {"read": "600/minute", "write": "many"}

    assert [problem.id for problem in check_rates(None)] == ["limits.E001"]
