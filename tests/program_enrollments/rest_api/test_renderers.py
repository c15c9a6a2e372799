"""Answers are written as DRF writes them, whoever writes them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from rest_framework import renderers
from rest_framework.serializers import Serializer
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from program_enrollments.constants import ProgramEnrollmentStatus
from program_enrollments.rest_api.renderers import JSONRenderer

SERIALIZER: Serializer[object] = Serializer()
DATA = {
    "nothing": None,
    "an empty answer": {},
    "plain": {"text": "Zoë \U0001f600", "list": [1, -2, True, None], "fraction": 0.25, "tuple": (1, 2)},
    "quotes and controls": {'a"b\\c': "\x00\x1f\x7f\t\r\n"},
    "separators": {"text": "a\u2028b\u2029c"},
    "a time": {"at": datetime(2026, 11, 27, 12, 30, 0, 123456, tzinfo=UTC), "on": date(2026, 11, 27)},
    "a span": {"span": timedelta(seconds=90)},
    "a number": {"decimal": Decimal("0.5"), "large": 2**64, "larger": -(2**200)},
    "a uuid": {"uuid": UUID(int=1)},
    "a choice": {"status": ProgramEnrollmentStatus.ENROLLED},
    "a lazy text": {"text": gettext_lazy("Yes")},
    "names that are no texts": {1: "one"},
    "what serializers return": ReturnDict(
        {"rows": ReturnList([{"a": 1}], serializer=Serializer())}, serializer=Serializer()
    ),
}


@pytest.mark.parametrize("name", DATA)
def test_data_is_written_as_drf_writes_it(name):
    assert JSONRenderer().render(DATA[name]) == renderers.JSONRenderer().render(DATA[name])


def test_an_indent_that_the_client_asks_for_is_kept():
    assert JSONRenderer().render({"a": 1}, "application/json; indent=2") == b'{\n  "a": 1\n}'


def test_half_a_character_is_escaped():
    assert JSONRenderer().render({"key": "Zoë\ud83d"}) == b'{"key":"Zo\\u00eb\\ud83d"}'


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError):
        JSONRenderer().render({"thing": object()})
