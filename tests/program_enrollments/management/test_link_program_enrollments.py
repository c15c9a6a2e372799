"""`manage.py link_program_enrollments`."""

from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from program_enrollments.models import ProgramEnrollment
from tests.factories.learners import UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory


@pytest.fixture
def enroll(curriculum):
    def enroll(student_key, user=None):
        return ProgramEnrollmentFactory(
            external_user_key=student_key,
            user=user,
            program_uuid=curriculum.program.uuid,
            curriculum_uuid=curriculum.uuid,
        )

    return enroll


def usernames():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "user__username"))


def test_learners_are_linked_and_reported(enroll, program, capsys):
    UserFactory(username="ann")
    UserFactory(username="bob")
    enroll("a")
    enroll("b")
    call_command("link_program_enrollments", str(program.uuid), "a:ann", "b:bob")
    assert usernames() == {"a": "ann", "b": "bob"}
    assert capsys.readouterr().out == "a: linked to ann\nb: linked to bob\n"


def test_a_failure_is_reported_for_its_key_and_the_rest_stands(enroll, program, capsys):
    UserFactory(username="ann")
    enroll("a")
    with pytest.raises(CommandError, match=r"2 of 3 learners could not be linked\."):
        call_command("link_program_enrollments", str(program.uuid), "x:ann", "b:nobody", "a:ann")
    assert usernames() == {"a": "ann"}
    assert capsys.readouterr().out == (
        "x: There is no enrollment with this student key in the program.\n"
        "b: There is no account with the username nobody.\n"
        "a: linked to ann\n"
    )


def test_a_student_key_may_hold_colons(enroll, program):
    UserFactory(username="ann")
    enroll("urn:school:a")
    call_command("link_program_enrollments", str(program.uuid), "urn:school:a:ann")
    assert usernames() == {"urn:school:a": "ann"}


def test_another_account_is_unlinked_first(enroll, program, learner):
    UserFactory(username="ann")
    enroll("a", user=learner)
    call_command("link_program_enrollments", str(program.uuid), "a:ann")
    assert usernames() == {"a": "ann"}


def test_the_command_is_the_reason_in_the_history(enroll, program):
    UserFactory(username="ann")
    enrollment = enroll("a")
    call_command("link_program_enrollments", str(program.uuid), "a:ann")
    assert enrollment.history.first().history_change_reason == "manage.py link_program_enrollments"


def test_a_key_given_twice_is_refused_and_nothing_is_linked(enroll, program):
    UserFactory(username="ann")
    enroll("a")
    with pytest.raises(CommandError, match="given twice"):
        call_command("link_program_enrollments", str(program.uuid), "a:ann", "a:bob")
    assert usernames() == {"a": None}


def test_an_unknown_program_is_refused():
    with pytest.raises(CommandError, match="There is no program"):
        call_command("link_program_enrollments", str(uuid4()), "a:ann")


@pytest.mark.parametrize("pair", ["a", "a:", ":ann", " :ann"])
def test_a_malformed_pair_is_refused(program, pair):
    with pytest.raises(CommandError, match="is not of the form student_key:username"):
        call_command("link_program_enrollments", str(program.uuid), pair)


def test_a_malformed_program_is_refused():
    with pytest.raises(CommandError, match="invalid UUID value"):
        call_command("link_program_enrollments", "no-uuid", "a:ann")
