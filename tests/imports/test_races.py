"""Imports that meet other writers: both come to their end, one after the other."""

from functools import partial

import pytest

from imports.models import Import
from imports.running import run_imports_of_program
from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import CourseRunFactory
from tests.factories.learners import RUN_KEY
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = [f"student-{n}" for n in range(60)]
ANOTHER_RUN_KEY = "course-v1:edX+ToyX+Another"
TIMES = 20


def statuses_of(model):
    return set(model.objects.values_list("status", flat=True))


def test_a_chunk_that_drops_learners_too_meets_writes_about_both(upload, enroll, program, curriculum):
    for key in KEYS:
        enroll(key, "pending")
    updated, dropped = KEYS[::2], KEYS[1::2]
    lines = [f"{key},suspended" for key in updated]
    item = upload("student_key,status", *lines, is_snapshot=True, max_drop=len(dropped), run=False)

    def write():
        for n in range(TIMES):
            records = [api.ProgramEnrollmentRecord(key, ("enrolled", "ended")[n % 2]) for key in KEYS[n % 7 :: 3]]
            api.write_program_enrollments(program_uuid=program.uuid, action=WriteAction.UPDATE, records=records)

    race(partial(run_imports_of_program, program.uuid), write)

    assert Import.objects.get(pk=item.pk).state == "applied"


def test_a_chunk_of_two_course_runs_meets_writes_about_learners_of_both(upload, enroll, program, course):
    CourseRunFactory(course=course, key=ANOTHER_RUN_KEY)
    for key in KEYS:
        enroll(key)
    lines = [
        f"{key},{run_key},active"
        for run_key, keys in ((RUN_KEY, KEYS[::2]), (ANOTHER_RUN_KEY, KEYS[1::2]))
        for key in keys
    ]
    item = upload("student_key,course_id,status", *lines, kind="course_enrollments", run=False)

    def write():
        for n in range(TIMES):
            records = [api.ProgramCourseEnrollmentRecord(key, "active") for key in KEYS[n % 7 :: 3]]
            api.write_program_course_enrollments(
                program_uuid=program.uuid, course_key=RUN_KEY, action=WriteAction.UPSERT, records=records
            )

    race(partial(run_imports_of_program, program.uuid), write)

    assert Import.objects.get(pk=item.pk).state == "applied"
    assert statuses_of(ProgramCourseEnrollment) == {"active"}


def test_an_atomic_import_meets_changes_of_rows_in_another_order(upload, enroll, program, monkeypatch):
    monkeypatch.setattr("imports.running.APPLIED_AT_ONCE", 5)
    ids = [enroll(key, "pending").pk for key in KEYS]
    lines = [f"{key},suspended" for key in reversed(KEYS)]
    item = upload("student_key,status", *lines, is_atomic=True, run=False)

    def change():
        for n in range(TIMES):
            api.change_program_enrollment_statuses(ids, ("enrolled", "ended")[n % 2])

    race(partial(run_imports_of_program, program.uuid), change)

    assert Import.objects.get(pk=item.pk).state == "applied"
    assert len(statuses_of(ProgramEnrollment)) == 1
