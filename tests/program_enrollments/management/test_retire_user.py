"""`manage.py retire_user`; its rules are tested at the Python API."""

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from imports.models import Import
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


def test_a_learner_whom_unfinished_work_names_is_refused_without_being_named(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    enrollment = ProgramEnrollmentFactory(user=UserFactory(username="jdoe"), external_user_key="sid-4711")
    waiting = Import.objects.create(
        program_uuid=enrollment.program_uuid,
        kind="program_enrollments",
        file=ContentFile(b"student_key,status\nsid-4711,enrolled\n", name="x"),
    )
    with pytest.raises(CommandError, match=f"import {waiting.pk}") as refusal:
        call_command("retire_user", "jdoe")
    assert "4711" not in str(refusal.value)


def test_staff_are_refused():
    StaffFactory(username="boss")
    with pytest.raises(CommandError, match="member of staff"):
        call_command("retire_user", "boss")
