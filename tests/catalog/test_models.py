"""What the catalog's tables hold to, whoever writes."""

import pytest
from django.db import IntegrityError

from catalog.models import Program
from tests.factories.catalog import ProgramFactory


@pytest.mark.parametrize("key", ["", "a b", "a/b", "á", "a.b", "mba\n"])
def test_a_programs_key_is_a_slug(key):
    with pytest.raises(IntegrityError, match="program_key_is_slug"):
        ProgramFactory(key=key)


def test_programs_that_nobody_has_named_have_keys_of_their_own():
    one, other = (Program.objects.create(title="Data Science") for _ in range(2))
    assert one.key != other.key


def test_two_programs_never_share_a_key():
    ProgramFactory(key="mba")
    with pytest.raises(IntegrityError, match="catalog_program_key"):
        ProgramFactory(key="mba")


def test_keys_that_differ_in_case_are_two():
    assert ProgramFactory(key="mba") != ProgramFactory(key="MBA")
