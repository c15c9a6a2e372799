"""`manage.py migrate_identities`."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command
from social_django.models import UserSocialAuth

from tests.factories.catalog import OrganizationFactory, ProgramFactory
from tests.factories.learners import IdentityFactory, IdentityProviderFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory


@pytest.fixture
def identity_provider(db):
    return IdentityProviderFactory(slug="ucd", organization=OrganizationFactory(key="UCDavis"))


@pytest.fixture
def identify(identity_provider):
    """Make an account with an e-mail and a student key at the school."""

    def identify(email, student_key, provider=identity_provider):
        user = UserFactory(email=email)
        return IdentityFactory(user=user, identity_provider=provider, student_key=student_key)

    return identify


@pytest.fixture
def migrate(identity_provider, tmp_path):
    def migrate(text, *options):
        path = tmp_path / "mapping"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        call_command("migrate_identities", "--provider", "ucd", "--mapping", str(path), *options)

    return migrate


def uids():
    return dict(UserSocialAuth.objects.values_list("user__email", "uid"))


def test_uids_follow_a_csv_file(identify, migrate, capsys):
    identify("ann@example.edu", "old-a")
    identify("bob@example.edu", "old-b")
    migrate("email,student_key\nann@example.edu,new-a\nbob@example.edu,new-b\n")
    assert uids() == {"ann@example.edu": "ucd:new-a", "bob@example.edu": "ucd:new-b"}
    assert capsys.readouterr().out == "2 identities were changed.\n"


def test_uids_follow_a_json_file(identify, migrate):
    identify("ann@example.edu", "old-a")
    migrate(json.dumps([{"email": "ann@example.edu", "student_key": "new-a"}]))
    assert uids() == {"ann@example.edu": "ucd:new-a"}


def test_an_email_is_found_in_any_case_and_a_byte_order_mark_is_skipped(identify, migrate):
    identify("Ann@example.edu", "old-a")
    migrate(b"\xef\xbb\xbfemail,student_key\r\n ann@EXAMPLE.edu , new-a \r\n")
    assert uids() == {"Ann@example.edu": "ucd:new-a"}


def test_enrollments_that_wait_for_the_new_key_are_linked(identify, migrate, identity_provider):
    program = ProgramFactory(organizations=[identity_provider.organization])
    user = identify("ann@example.edu", "old-a").user
    waiting = ProgramEnrollmentFactory(external_user_key="new-a", program_uuid=program.uuid)
    migrate("email,student_key\nann@example.edu,new-a\n")
    waiting.refresh_from_db()
    assert waiting.user == user


def test_identities_at_other_providers_stay(identify, migrate):
    other = identify("ann@example.edu", "old-a", IdentityProviderFactory(slug="ucd-2"))
    IdentityFactory(user=other.user, identity_provider__slug="other", student_key="a")
    with pytest.raises(CommandError):
        migrate("email,student_key\nann@example.edu,new-a\n")
    assert set(UserSocialAuth.objects.values_list("uid", flat=True)) == {"ucd-2:old-a", "other:a"}


def test_a_dry_run_reports_and_changes_nothing(identify, migrate, capsys):
    identify("ann@example.edu", "old-a")
    migrate("email,student_key\nann@example.edu,new-a\n", "--dry-run")
    assert uids() == {"ann@example.edu": "ucd:old-a"}
    assert capsys.readouterr().out == "1 identities would be changed.\n"


def test_refusals_are_reported_by_record_and_the_rest_stands(identify, migrate, capsys):
    identify("ann@example.edu", "old-a")
    identify("taken@example.edu", "old-t")
    identify("holder@example.edu", "held")
    identify("same@example.edu", "same")
    for key in ("1", "2"):
        identify("two@example.edu", key)
    UserFactory(email="none@example.edu")
    with pytest.raises(CommandError, match=r"6 of 8 records were refused\."):
        migrate(
            "email,student_key\n"
            "nobody@example.edu,x\n"
            "none@example.edu,y\n"
            "two@example.edu,z\n"
            "taken@example.edu,held\n"
            "same@example.edu,same\n"
            "twice@example.edu,k\n"
            "twice@example.edu,l\n"
            "ann@example.edu,new-a\n"
        )
    assert uids()["ann@example.edu"] == "ucd:new-a"
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "1 identities were changed.",
        "Record 1, nobody@example.edu: no account has this e-mail",
        "Record 2, none@example.edu: the account has no identity at this provider",
        "Record 3, two@example.edu: several identities at this provider fit this e-mail",
        "Record 4, taken@example.edu: another account has this student key",
        "Record 5, same@example.edu: has this student key already",
        "Record 6, twice@example.edu: the e-mail or the student key stands in several records",
        "Record 7, twice@example.edu: the e-mail or the student key stands in several records",
    ]


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_keys_that_move_on_free_their_place(identify, migrate, options, capsys):
    identify("ann@example.edu", "1")
    identify("bob@example.edu", "2")
    identify("cy@example.edu", "3")
    migrate("email,student_key\nann@example.edu,2\nbob@example.edu,3\ncy@example.edu,4\n", *options)
    assert capsys.readouterr().out.startswith("3 identities")


def test_keys_that_go_round_in_a_circle_stay(identify, migrate):
    identify("ann@example.edu", "1")
    identify("bob@example.edu", "2")
    with pytest.raises(CommandError, match="2 of 2"):
        migrate("email,student_key\nann@example.edu,2\nbob@example.edu,1\n")
    assert uids() == {"ann@example.edu": "ucd:1", "bob@example.edu": "ucd:2"}


def test_a_second_run_changes_nothing_and_succeeds(identify, migrate, capsys):
    identify("ann@example.edu", "old-a")
    for _ in range(2):
        migrate("email,student_key\nann@example.edu,new-a\n")
    assert capsys.readouterr().out.endswith("has this student key already\n0 identities were changed.\n")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("mail,key\na@example.edu,b\n", "first line must be the header"),
        ("", "first line must be the header"),
        ("[{", "not valid JSON"),
        ("[1]", "Record 1 of the mapping has no e-mail"),
        ('[{"email": "a@example.edu"}]', "Record 1 of the mapping has no valid student key"),
        ("email,student_key\na@example.edu, \n", "Record 1 of the mapping has no valid student key"),
        ("email,student_key\na@example.edu\n", "Record 1 of the mapping has no valid student key"),
        (f"email,student_key\na@example.edu,{'k' * 252}\n", "longer than 251 characters"),
        (b"email,student_key\n\xff,\xff\n", "Cannot read"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"email": "a@example.edu", "student_key": "b\\ud800"}]', "Record 1 of the mapping has no valid student key"),
        ('[{"email": "a@example.edu", "student_key": "b\\u0000"}]', "Record 1 of the mapping has no valid student key"),
        ('[{"email": "a\\ud800@example.edu", "student_key": "b"}]', "Record 1 of the mapping has no valid e-mail"),
        ("email,student_key\na\0@example.edu,b\n", "Record 1 of the mapping has no valid e-mail"),
    ],
)
def test_a_malformed_mapping_is_refused(migrate, content, complaint):
    with pytest.raises(CommandError, match=complaint):
        migrate(content)


@pytest.mark.parametrize(
    ("lines", "last_line"),
    [(["email,student_key,{}"], 0), (["email,student_key", "a@example.edu,b", "b@example.edu,{}"], 2)],
)
def test_a_cell_that_is_too_long_for_csv_is_refused(migrate, lines, last_line):
    cell = "x" * (csv.field_size_limit() + 1)
    with pytest.raises(CommandError, match=f"not valid CSV after line {last_line}: field larger than field limit"):
        migrate("\n".join(lines).format(cell))


def test_a_missing_file_is_refused(identity_provider, tmp_path):
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("migrate_identities", "--provider", "ucd", "--mapping", str(tmp_path / "none"))


def test_an_unknown_provider_is_refused(tmp_path):
    with pytest.raises(CommandError, match="There is no identity provider 'x'"):
        call_command("migrate_identities", "--provider", "x", "--mapping", str(tmp_path / "none"))
