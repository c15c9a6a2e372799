"""`manage.py retire_user`; its rules are tested at the Python API."""

import pytest
from django.core.management import CommandError, call_command

from tests.factories.learners import StaffFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory


def test_a_retired_learner_is_reported(capsys):
    ProgramEnrollmentFactory(user=UserFactory(username="jdoe"))
    call_command("retire_user", "jdoe")
    assert capsys.readouterr().out == "Retired. The student keys of 1 program enrollments were replaced.\n"


def test_the_command_is_the_reason_in_the_history():
    enrollment = ProgramEnrollmentFactory(user=UserFactory(username="jdoe"))
    call_command("retire_user", "jdoe")
    assert enrollment.history.first().history_change_reason == "manage.py retire_user"


def test_an_unknown_username_is_refused():
    with pytest.raises(CommandError, match="There is no account with this username"):
        call_command("retire_user", "nobody")


def test_staff_are_refused():
    StaffFactory(username="boss")
    with pytest.raises(CommandError, match="member of staff"):
        call_command("retire_user", "boss")
