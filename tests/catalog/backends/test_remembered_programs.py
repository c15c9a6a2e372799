"""A program that was found is remembered for the rest of the second."""

from uuid import UUID

import pytest

from catalog.backends import database
from catalog.backends.database import DatabaseCatalog, get_program_in_second
from catalog.models import Program
from tests.factories.catalog import OrganizationFactory, ProgramFactory


@pytest.fixture(autouse=True)
def _remembered(monkeypatch, _no_program_remembered):
    monkeypatch.setattr(database, "get_program_in_second", get_program_in_second)
    get_program_in_second.cache_clear()
    yield
    get_program_in_second.cache_clear()


@pytest.fixture
def program():
    return ProgramFactory(title="Before", organizations=[])


def rename(program):
    Program.objects.filter(uuid=program.uuid).update(title="After")


def test_a_program_is_asked_for_once_a_second(program, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert get_program_in_second(program.uuid, 7) is get_program_in_second(program.uuid, 7)


def test_a_change_shows_with_the_next_second(program):
    get_program_in_second(program.uuid, 7)
    rename(program)

    assert get_program_in_second(program.uuid, 7).title == "Before"
    assert get_program_in_second(program.uuid, 8).title == "After"


@pytest.mark.django_db(transaction=True)
def test_a_process_sees_at_once_what_it_has_changed_itself(program):
    catalog = DatabaseCatalog()
    assert catalog.find_program(program.uuid).authoring_organizations == ()

    program.authoring_organizations.through.objects.create(program=program, organization=OrganizationFactory())
    assert len(catalog.find_program(program.uuid).authoring_organizations) == 1

    program.delete()
    assert catalog.find_program(program.uuid) is None


def test_a_transaction_sees_what_stands_for_it(program):
    catalog = DatabaseCatalog()
    catalog.find_program(program.uuid)
    rename(program)

    assert catalog.find_program(program.uuid).title == "After"


def test_a_program_shows_as_soon_as_it_is_there():
    assert DatabaseCatalog().find_program(UUID(int=1)) is None
    ProgramFactory(uuid=UUID(int=1))

    assert DatabaseCatalog().find_program(UUID(int=1)).uuid == UUID(int=1)
