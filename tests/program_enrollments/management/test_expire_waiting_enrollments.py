"""`manage.py expire_waiting_enrollments`."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from program_enrollments.api import deletion
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.program_enrollments import (
    CourseAccessRoleAssignmentFactory,
    ProgramCourseEnrollmentFactory,
    ProgramEnrollmentFactory,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def enroll(*, days_ago, **fields):
    with time_machine.travel(NOW - timedelta(days=days_ago), tick=False):
        return ProgramEnrollmentFactory(**fields)


def test_enrollments_that_waited_sixty_days_are_deleted(capsys):
    kept = enroll(days_ago=59)
    enroll(days_ago=60)
    call_command("expire_waiting_enrollments")
    assert ProgramEnrollment.objects.get() == kept
    assert capsys.readouterr().out == "Deleted 1 waiting program enrollments and their 0 course enrollments.\n"


def test_what_is_beneath_goes_with_all_history(capsys):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enroll(days_ago=61))
    CourseAccessRoleAssignmentFactory(enrollment=row)
    call_command("expire_waiting_enrollments")
    for model in (ProgramEnrollment, ProgramCourseEnrollment):
        assert not model.objects.exists()
        assert not model.history.exists()


def test_history_of_other_enrollments_stays():
    kept = enroll(days_ago=1)
    enroll(days_ago=61)
    call_command("expire_waiting_enrollments")
    assert ProgramEnrollment.history.get().id == kept.pk


def test_linked_enrollments_stay(learner):
    enroll(days_ago=500, user=learner)
    call_command("expire_waiting_enrollments")
    assert ProgramEnrollment.objects.exists()


def test_the_number_of_days_can_be_chosen():
    enroll(days_ago=10)
    call_command("expire_waiting_enrollments", "--expiration-days", "10")
    assert not ProgramEnrollment.objects.exists()


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "36501", "٣"])
def test_a_number_that_is_no_number_of_days_is_refused(text):
    enroll(days_ago=500)
    with pytest.raises(CommandError, match="is not a number of days"):
        call_command("expire_waiting_enrollments", f"--expiration-days={text}")
    assert ProgramEnrollment.objects.exists()


def test_what_was_deleted_before_an_interruption_stays_deleted():
    for _ in range(3):
        enroll(days_ago=61)
    expired = ProgramEnrollment.objects.all()
    chunks = deletion.iter_deletions(expired, chunk_size=1)
    next(chunks)
    chunks.close()
    assert ProgramEnrollment.objects.count() == 2
    call_command("expire_waiting_enrollments")
    assert not ProgramEnrollment.objects.exists()
