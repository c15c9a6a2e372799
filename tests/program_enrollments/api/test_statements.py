"""History that is written by SQL is what simple-history writes for the same change (design, models)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from learners.models import User
from program_enrollments import api
from program_enrollments.api.statements import delete_with_history, update_with_history
from program_enrollments.constants import WriteAction
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.learners import CourseEnrollmentFactory, StaffFactory, UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory
from tracing.service import note_requester, traced

LATER = datetime(2030, 1, 1, tzinfo=UTC)

OF_ANOTHER_ROW = frozenset({"history_id", "history_date", "id", "created", "modified"})
"""Columns that differ from one row to the next, whoever writes them."""

OF_ANOTHER_ENTRY = frozenset({"history_id"})
"""The one that differs between entries of one row and one time."""


@pytest.fixture
def source():
    return api.ChangeSource(user_id=StaffFactory().pk, reason="a reason")


@pytest.fixture(autouse=True)
def _request(source):
    with traced("the-request"):
        note_requester(user_id=source.user_id, client_id="the-application")
        yield


def list_entries(model, but=OF_ANOTHER_ROW):
    entries = list(model.history.order_by("history_id").values())
    assert all(entry["history_date"] and entry["id"] and entry["created"] and entry["modified"] for entry in entries)
    return [{name: value for name, value in entry.items() if name not in but} for entry in entries]


def make_row(model):
    if model is ProgramEnrollment:
        row = ProgramEnrollmentFactory(user=UserFactory())
    else:
        run = CourseEnrollmentFactory()
        row = ProgramCourseEnrollmentFactory(course_enrollment=run, course_key=run.course_key)
    model.history.all().delete()
    return row


def write(program, action, status, source):
    record = api.ProgramEnrollmentRecord("student-1", status, program.curriculum_uuid)
    api.write_program_enrollments(program_uuid=program.uuid, action=action, records=[record], source=source)


@pytest.fixture
def program(program, curriculum):
    program.curriculum_uuid = curriculum.uuid
    return program


def test_a_created_enrollment_has_the_entry_that_simple_history_writes(program, source):
    write(program, WriteAction.CREATE, "pending", source)
    ours = list_entries(ProgramEnrollment)
    ProgramEnrollment.objects.all()._raw_delete("default")
    ProgramEnrollment.history.all().delete()

    row = ProgramEnrollment(
        external_user_key="student-1",
        program_uuid=program.uuid,
        curriculum_uuid=program.curriculum_uuid,
        status="pending",
    )
    bulk_create_with_history([row], ProgramEnrollment, default_user=_user(source), default_change_reason=source.reason)

    assert ours == list_entries(ProgramEnrollment)
    assert len(ours) == 1


@time_machine.travel(LATER, tick=False)
def test_a_changed_enrollment_has_the_entry_that_simple_history_writes(program, source):
    row = ProgramEnrollmentFactory(
        external_user_key="student-1",
        user=UserFactory(),
        program_uuid=program.uuid,
        curriculum_uuid=program.curriculum_uuid,
        status="pending",
    )
    ProgramEnrollment.history.all().delete()
    write(program, WriteAction.UPSERT, "enrolled", source)
    ours = list_entries(ProgramEnrollment, but=OF_ANOTHER_ENTRY)
    ProgramEnrollment.history.all().delete()

    row.status, row.modified = "enrolled", timezone.now()
    by = {"default_user": _user(source), "default_change_reason": source.reason}
    bulk_update_with_history([row], ProgramEnrollment, ["status", "modified"], **by)

    assert ours == list_entries(ProgramEnrollment, but=OF_ANOTHER_ENTRY)
    assert len(ours) == 1


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (ProgramEnrollment, {"status": "ended", "user_id": None}),
        (ProgramCourseEnrollment, {"status": "inactive", "course_enrollment_id": None}),
    ],
)
@time_machine.travel(LATER, tick=False)
def test_rows_changed_by_name_have_the_entries_that_simple_history_writes(model, values, source):
    row = make_row(model)
    update_with_history(model, [{"id": row.pk, **values}], source=source)
    ours = list_entries(model, but=OF_ANOTHER_ENTRY)
    model.history.all().delete()

    for name, value in {**values, "modified": timezone.now()}.items():
        setattr(row, name, value)
    by = {"default_user": _user(source), "default_change_reason": source.reason}
    names = [name.removesuffix("_id") for name in values]
    bulk_update_with_history([row], model, [*names, "modified"], **by)

    assert ours == list_entries(model, but=OF_ANOTHER_ENTRY)
    assert len(ours) == 1


@pytest.mark.parametrize("model", [ProgramEnrollment, ProgramCourseEnrollment])
@time_machine.travel(LATER, tick=False)
def test_a_deleted_row_has_the_entry_that_simple_history_writes(model, source):
    row = make_row(model)
    delete_with_history(model, [row.pk], source=source)
    ours = list_entries(model, but=OF_ANOTHER_ENTRY)
    model.history.all().delete()

    model.objects.bulk_create([row])
    row._history_user, row._change_reason = _user(source), source.reason
    row.delete()

    assert ours == list_entries(model, but=OF_ANOTHER_ENTRY)
    assert len(ours) == 1


def test_a_course_enrollment_has_the_entries_that_simple_history_writes(program, course_run, source):
    enrollment = ProgramEnrollmentFactory(external_user_key="student-1", program_uuid=program.uuid)
    for status in ("active", "inactive"):
        api.write_program_course_enrollments(
            program_uuid=program.uuid,
            course_key=course_run.key,
            action=WriteAction.UPSERT,
            records=[api.ProgramCourseEnrollmentRecord("student-1", status)],
            source=source,
        )
    ours = list_entries(ProgramCourseEnrollment)
    ProgramCourseEnrollment.objects.all()._raw_delete("default")
    ProgramCourseEnrollment.history.all().delete()

    row = ProgramCourseEnrollment(
        program_enrollment=enrollment, program_uuid=program.uuid, course_key=course_run.key, status="active"
    )
    by = {"default_user": _user(source), "default_change_reason": source.reason}
    (row,) = bulk_create_with_history([row], ProgramCourseEnrollment, **by)
    row.status = "inactive"
    bulk_update_with_history([row], ProgramCourseEnrollment, ["status"], **by)

    assert ours == list_entries(ProgramCourseEnrollment)
    assert len(ours) == 2


@pytest.mark.parametrize("status", ["enrolled", "suspended"])
def test_an_unchanged_enrollment_costs_no_row_and_no_entry(program, source, status):
    write(program, WriteAction.UPSERT, status, source)
    before = ProgramEnrollment.objects.values().get()
    write(program, WriteAction.UPSERT, status, source)

    assert ProgramEnrollment.objects.values().get() == before
    assert ProgramEnrollment.history.count() == 1


def _user(source):
    return User.objects.get(pk=source.user_id)


def test_a_write_whose_time_came_late_does_not_turn_history_around(program, source):
    write(program, WriteAction.CREATE, "pending", source)
    before = ProgramEnrollment.objects.get()

    with time_machine.travel(before.modified - timedelta(seconds=1), tick=False):
        write(program, WriteAction.UPSERT, "enrolled", source)

    after = ProgramEnrollment.objects.get()
    assert (after.status, after.modified) == ("enrolled", before.modified)
    assert [entry.status for entry in ProgramEnrollment.history.all()] == ["enrolled", "pending"]
