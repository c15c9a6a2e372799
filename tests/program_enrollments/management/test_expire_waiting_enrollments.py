"""`manage.py expire_waiting_enrollments`."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from imports.models import Import
from imports.service import cancel_import
from program_enrollments.api import deletion
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import ProgramFactory
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


@pytest.mark.parametrize(("column", "given"), [("history_change_reason", "S-1 never came"), ("request_id", "sync.s-1")])
def test_what_names_a_learner_is_forgotten_in_the_history_of_all_for_whom_it_was_given(column, given):
    kept = enroll(days_ago=1)
    enroll(days_ago=61, external_user_key="s-1")
    ProgramEnrollment.history.update(**{column: given})
    call_command("expire_waiting_enrollments")
    assert getattr(kept.history.get(), column) == ""


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


@pytest.fixture
def name_in_import(settings, tmp_path):
    """Store an import, in any state, whose file names a learner."""
    settings.MEDIA_ROOT = tmp_path

    def name_in_import(enrollment, state="queued"):
        content = f"student_key,status\n{enrollment.external_user_key},enrolled\n"
        file = ContentFile(content.encode(), name="x")
        return Import.objects.create(
            program_uuid=enrollment.program_uuid, kind="program_enrollments", state=state, file=file
        )

    return name_in_import


def test_learners_whom_unfinished_work_names_are_left_to_the_next_run(capsys, program, name_in_import):
    named = enroll(days_ago=61, program_uuid=program.uuid)
    enroll(days_ago=61, program_uuid=program.uuid)
    name_in_import(named)
    call_command("expire_waiting_enrollments")
    assert ProgramEnrollment.objects.get() == named
    assert capsys.readouterr().out == (
        "Deleted 1 waiting program enrollments and their 0 course enrollments.\n"
        "Skipped 1: they are (or may be) named in unfinished imports or downloads.\n"
    )


def test_they_are_left_in_all_programs_of_their_organization(program, school, name_in_import):
    named = enroll(days_ago=61, program_uuid=program.uuid)
    elsewhere = ProgramFactory(organizations=[school]).uuid
    enroll(days_ago=61, program_uuid=elsewhere, external_user_key=named.external_user_key)
    name_in_import(named)
    call_command("expire_waiting_enrollments")
    assert ProgramEnrollment.objects.count() == 2


def test_they_are_deleted_once_the_work_has_ended(program, name_in_import):
    item = name_in_import(enroll(days_ago=61, program_uuid=program.uuid))
    call_command("expire_waiting_enrollments")
    cancel_import(item.pk)
    call_command("expire_waiting_enrollments")
    assert not ProgramEnrollment.objects.exists()
    assert not Import.objects.get().file


def test_files_stay_as_long_as_their_learners_are_left(program, name_in_import, django_capture_on_commit_callbacks):
    named = enroll(days_ago=61, program_uuid=program.uuid)
    failed = name_in_import(named, state="failed")
    name_in_import(named)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("expire_waiting_enrollments")
    failed.refresh_from_db()
    assert failed.state == "failed"
    assert failed.file.storage.exists(failed.file.name)


def test_a_reset_spares_nobody(program, name_in_import):
    name_in_import(ProgramEnrollmentFactory(program_uuid=program.uuid))
    call_command("reset_enrollment_data", str(program.uuid), "--force")
    assert not ProgramEnrollment.objects.exists()


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
