"""`set_program_keys`: the keys that programs have in another service."""

from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Program
from tests.factories.catalog import ProgramFactory


@pytest.fixture
def set_keys(tmp_path, capsys):
    """A function that takes the content of the file and returns the lines printed."""

    def run(content, *options):
        file = tmp_path / "keys.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        call_command("set_program_keys", str(file), *options, no_color=True)
        return capsys.readouterr().out.splitlines()

    return run


def test_programs_get_the_keys_of_the_file(set_keys):
    mba, other = ProgramFactory(key="mba"), ProgramFactory(key="other")
    lines = set_keys(f"id,key,discovery_uuid\r\n1,MBA_2019,{mba.uuid.hex}\r\n")
    assert lines == ["Changed mba to MBA_2019", "1 keys were changed."]
    assert [Program.objects.get(pk=row.pk).key for row in (mba, other)] == ["MBA_2019", "other"]


def test_programs_that_the_catalog_lacks_are_named_and_nothing_changes(set_keys, capsys):
    mba, gone = ProgramFactory(key="mba"), uuid4()
    with pytest.raises(CommandError, match=r"^Nothing was changed. 1 programs of the file are not in the catalog."):
        set_keys(f"uuid,key\n{mba.uuid},new\n{gone},gone\n")
    assert capsys.readouterr().out == f"Line 3: program {gone} is not in the catalog.\n"
    assert Program.objects.get(pk=mba.pk).key == "mba"


def test_programs_that_the_catalog_lacks_are_left_out_if_so_wished(set_keys):
    mba, gone = ProgramFactory(key="mba"), uuid4()
    lines = set_keys(f"uuid,key\n{gone},gone\n{mba.uuid},new\n", "--skip-unknown")
    assert lines == ["Changed mba to new", f"Line 2: program {gone} is not in the catalog.", "1 keys were changed."]


def test_programs_exchange_their_keys(set_keys):
    one, two = ProgramFactory(key="one"), ProgramFactory(key="two")
    set_keys(f"uuid,key\n{one.uuid},two\n{two.uuid},one\n")
    assert [Program.objects.get(pk=row.pk).key for row in (one, two)] == ["two", "one"]


def test_nothing_changes_the_second_time(set_keys, django_assert_num_queries):
    content = f"uuid,key\n{ProgramFactory().uuid},mba\n"
    set_keys(content)
    with django_assert_num_queries(4):  # savepoint, lock, programs, release
        assert set_keys(content) == ["0 keys were changed."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "The header must name the columns discovery_uuid or uuid, and key."),
        ("uuid,name\n", "The header must name the columns"),
        ("uuid,key\nx,mba\n", "Line 2: not a uuid."),
        ("uuid,key\n{uuid}\n", "Line 2: a key has 1 to 255 letters"),
        ("uuid,key\n{uuid},a b\n", "Line 2: a key has 1 to 255 letters"),
        ("uuid,key\n{uuid},one\n{uuid},two\n", "Line 3: this program is listed twice."),
        ("uuid,key\n{uuid},taken\n", "would both have the key taken."),
        ('uuid,key\n{uuid},"x\n', "After line 1: unexpected end of data."),
        (b"uuid,key\n\xff", "invalid start byte"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(set_keys, content, reason):
    program = ProgramFactory(key="mine")
    ProgramFactory(key="taken")
    with pytest.raises(CommandError, match=f"^Nothing was changed. .*{reason}"):
        set_keys(content.format(uuid=program.uuid) if isinstance(content, str) else content)
    program.refresh_from_db()
    assert program.key == "mine"
