"""`manage.py reset_enrollment_data`."""

import io
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from learners.models import CourseEnrollment, User
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.learners import CourseEnrollmentFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory


def test_enrollments_of_the_programs_are_deleted_with_history_and_no_others(program, capsys):
    ProgramCourseEnrollmentFactory(program_enrollment__program_uuid=program.uuid)
    second = ProgramEnrollmentFactory()
    kept = ProgramEnrollmentFactory()
    call_command("reset_enrollment_data", f"{program.uuid},{second.program_uuid}", "--force")
    assert ProgramEnrollment.objects.get() == kept
    assert ProgramEnrollment.history.get().id == kept.pk
    assert not ProgramCourseEnrollment.history.exists()
    assert capsys.readouterr().out == "Deleted 2 program enrollments and their 1 course enrollments.\n"


def test_users_and_what_they_hold_in_course_runs_stay(program, learner):
    ProgramCourseEnrollmentFactory(
        program_enrollment__program_uuid=program.uuid,
        program_enrollment__user=learner,
        course_enrollment=CourseEnrollmentFactory(user=learner),
    )
    call_command("reset_enrollment_data", str(program.uuid), "--force")
    assert User.objects.filter(pk=learner.pk).exists()
    assert CourseEnrollment.objects.exists()


def test_nothing_is_deleted_unless_the_answer_is_yes(program, monkeypatch, capsys):
    ProgramEnrollmentFactory(program_uuid=program.uuid)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("reset_enrollment_data", str(program.uuid))
    assert ProgramEnrollment.objects.exists()
    assert f"  {program.uuid} Master of Toys\n" in capsys.readouterr().out


def test_enrollments_are_deleted_when_the_answer_is_yes(program, monkeypatch):
    ProgramEnrollmentFactory(program_uuid=program.uuid)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    call_command("reset_enrollment_data", str(program.uuid))
    assert not ProgramEnrollment.objects.exists()


def test_nothing_is_deleted_when_nobody_is_there_to_ask(program, monkeypatch):
    ProgramEnrollmentFactory(program_uuid=program.uuid)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="use --force"):
        call_command("reset_enrollment_data", str(program.uuid))
    assert ProgramEnrollment.objects.exists()


def test_a_malformed_list_is_refused():
    with pytest.raises(CommandError, match="is not a list of uuids"):
        call_command("reset_enrollment_data", f"{uuid4()};{uuid4()}", "--force")
