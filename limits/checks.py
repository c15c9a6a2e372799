"""Mistakes in the settings that are better found at start."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register

from limits.rates import parse_rate


@register()
def check_rates(app_configs: Any, **kwargs: Any) -> list[Error]:
    problems = []
    for scope, text in settings.REQUEST_RATES.items():
        try:
            parse_rate(text)
        except ValueError as error:
            problems.append(Error(f"The rate of {scope} requests: {error}", id="limits.E001"))
    return problems
