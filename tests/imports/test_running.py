"""What becomes of an uploaded roster (imports page)."""

import os
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from imports import running
from imports.constants import ImportKind, ImportMode
from imports.models import Import
from imports.plan_statements import count_outcomes
from imports.running import run_imports_of_program
from imports.service import (
    PlanStale,
    SecondPersonNeeded,
    StateConflict,
    apply_import,
    approve_import,
    cancel_import,
    create_import,
    discard_import,
    list_rows,
    prune_imports,
    undo_import,
)
from learners.models import CourseAccessRole, CourseEnrollment
from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import CurriculumFactory
from tests.factories.learners import (
    RUN_KEY,
    CourseAccessRoleFactory,
    CourseEnrollmentFactory,
    StaffFactory,
    UserFactory,
)
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory

HEADER = "student_key,status"
COURSE_HEADER = "course_id,student_key,status,course_staff"


@pytest.fixture
def upload_courses(upload):
    def upload_courses(*lines, **options):
        return upload(COURSE_HEADER, *lines, kind="course_enrollments", **options)

    return upload_courses


def statuses():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


def outcomes(item):
    return [(row.line, row.outcome, row.error_code) for row in item.rows.order_by("position")]


def test_rows_are_created_updated_and_left_unchanged(upload, enroll):
    enroll("b", "pending")
    enroll("c", "ended")
    item = upload(HEADER, "a,enrolled", "b,suspended", "c,ended")
    assert (item.state, item.counts) == ("applied", {"create": 1, "update": 1, "unchanged": 1})
    assert statuses() == {"a": "enrolled", "b": "suspended", "c": "ended"}
    assert (item.rows_total, item.rows_done) == (3, 3)


def test_history_names_the_import_and_its_uploader(upload, staff):
    item = upload(HEADER, "a,enrolled", uploaded_by=staff)
    entry = ProgramEnrollment.history.get()
    assert (entry.history_user, entry.history_change_reason) == (staff, f"import {item.pk}")


def test_a_preview_changes_nothing_until_it_is_applied(upload, enroll, program):
    enroll("b", "pending")
    item = upload(HEADER, "a,enrolled", "b,enrolled", mode="preview")
    assert (item.state, item.counts, statuses()) == ("planned", {"create": 1, "update": 1}, {"b": "pending"})
    assert [(row.before, row.after) for row in item.rows.order_by("position")] == [
        (None, {"status": "enrolled"}),
        ({"status": "pending"}, {"status": "enrolled"}),
    ]
    apply_import(item.pk)
    run_imports_of_program(program.uuid)
    assert statuses() == {"a": "enrolled", "b": "enrolled"}


def test_a_preview_whose_rows_have_changed_is_refused(upload, enroll):
    enrollment = enroll("b", "pending")
    item = upload(HEADER, "a,enrolled", "b,enrolled", mode="preview")
    api.change_program_enrollment_status(enrollment, "canceled")
    with pytest.raises(PlanStale) as refusal:
        apply_import(item.pk)
    assert refusal.value.lines == [3]
    assert statuses() == {"b": "canceled"}


def test_a_preview_whose_drops_have_changed_names_their_learners(upload, enroll):
    enrollment = enroll("b")
    item = upload(HEADER, "a,enrolled", is_snapshot=True, mode="preview")
    api.change_program_enrollment_status(enrollment, "ended")
    with pytest.raises(PlanStale, match=r"\(absent learners b\)") as refusal:
        apply_import(item.pk)
    assert (refusal.value.lines, refusal.value.student_keys) == ([], ["b"])


def test_unknown_members_of_any_line_are_told(program):
    lines = (
        b'{"student_key": "a", "status": "enrolled"}\n{"student_key": "b", "status": "enrolled", "faculty": "Law"}\n'
    )
    item = create_import(program_uuid=program.uuid, kind=ImportKind.PROGRAM_ENROLLMENTS, file=BytesIO(lines))
    run_imports_of_program(program.uuid)
    item.refresh_from_db()
    assert (item.state, item.unknown_columns) == ("applied", ["faculty"])


def test_rejected_rows_are_told_and_the_others_applied(upload):
    item = upload(HEADER, "a,enrolled", "b,Enrolled", "c,")
    assert item.state == "applied_with_errors"
    assert outcomes(item) == [
        (2, "create", ""),
        (3, "reject", "invalid-status"),
        (4, "reject", item.rows.get(line=4).error_code),
    ]
    assert item.rows.get(line=4).error_column == "status"
    assert statuses() == {"a": "enrolled"}


def test_an_import_of_which_no_row_can_be_applied_is_rejected(upload):
    item = upload(HEADER, "a,Enrolled")
    assert (item.state, item.error_code) == ("rejected", "all_rows_rejected")


def test_a_file_without_rows_is_applied(upload):
    item = upload(HEADER)
    assert (item.state, item.counts, item.rows_total) == ("applied", {}, 0)


def test_a_file_that_cannot_be_read_is_rejected_with_what_was_found(upload):
    item = upload("name,colour", "x,y")
    assert item.state == "rejected"
    assert "student_key" in item.error_message


def test_an_atomic_import_with_a_rejected_row_applies_nothing(upload):
    item = upload(HEADER, "a,enrolled", "b,Enrolled", is_atomic=True)
    assert (item.state, item.error_code, statuses()) == ("rejected", "rows_rejected", {})


def test_an_atomic_import_is_applied_whole(upload):
    assert upload(HEADER, "a,enrolled", "b,pending", is_atomic=True).state == "applied"
    assert statuses() == {"a": "enrolled", "b": "pending"}


@pytest.mark.parametrize("chunk", [1, 1000])
def test_contradicting_rows_are_all_rejected_and_equal_ones_count_once(upload, monkeypatch, chunk):
    monkeypatch.setattr(running, "PLANNED_AT_ONCE", chunk)
    monkeypatch.setattr(running, "APPLIED_AT_ONCE", chunk)
    item = upload(HEADER, "a,enrolled", "b,enrolled", "a,ended", "b,enrolled", action="create")
    assert outcomes(item) == [
        (2, "reject", "duplicated"),
        (3, "create", ""),
        (4, "reject", "duplicated"),
        (5, "unchanged", ""),
    ]
    assert item.rows.get(line=5).error_hint == "The same as line 3."
    assert statuses() == {"b": "enrolled"}


def test_one_learner_may_be_in_two_curricula(upload, program):
    other = CurriculumFactory(program=program)
    item = upload("student_key,status,curriculum_uuid", "a,enrolled,", f"a,ended,{other.uuid}")
    assert (item.state, item.counts) == ("applied", {"create": 2})


def test_a_row_without_curriculum_means_the_first_active_one(upload, curriculum):
    upload(HEADER, "a,enrolled")
    assert ProgramEnrollment.objects.get().curriculum_uuid == curriculum.uuid


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("create", [(2, "create", ""), (3, "reject", "conflict")]),
        ("update", [(2, "reject", "not-in-program"), (3, "update", "")]),
        ("upsert", [(2, "create", ""), (3, "update", "")]),
    ],
)
def test_actions_follow_the_rules_of_the_writes(upload, enroll, action, expected):
    enroll("b", "pending")
    assert outcomes(upload(HEADER, "a,enrolled", "b,enrolled", action=action)) == expected


def test_a_row_that_changed_since_it_was_planned_is_planned_again(upload, program, enroll, monkeypatch):
    item = upload(HEADER, "a,enrolled", run=False)
    plan_file = running._plan_file

    def plan_then_somebody_else_enrolls(item, program):
        plan_file(item, program)
        enroll("a", "pending")

    monkeypatch.setattr(running, "_plan_file", plan_then_somebody_else_enrolls)
    run_imports_of_program(program.uuid)
    item.refresh_from_db()
    row = item.rows.get()
    assert (item.state, item.counts) == ("applied", {"create": 0, "update": 1})
    assert (row.outcome, row.before, row.after) == ("update", {"status": "pending"}, {"status": "enrolled"})


def test_an_atomic_import_that_stopped_while_it_told_of_its_rejects_is_not_applied_later(
    upload, program, enroll, monkeypatch
):
    item = upload(HEADER, "a,enrolled", "b,enrolled", action="create", is_atomic=True, run=False)
    plan_file = running._plan_file

    def plan_then_somebody_else_enrolls(item, program):
        plan_file(item, program)
        enroll("a", "pending")

    monkeypatch.setattr(running, "_plan_file", plan_then_somebody_else_enrolls)
    with monkeypatch.context() as patched:
        patched.setattr(running, "_explain_rejection", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_imports_of_program(program.uuid)

    run_imports_of_program(program.uuid)

    item.refresh_from_db()
    assert (item.state, item.counts, statuses()) == ("rejected", {"create": 1, "reject": 1}, {"a": "pending"})


def test_an_update_finds_the_learner_where_no_curriculum_is_active(upload, curriculum, enroll):
    enroll("a", "pending")
    curriculum.is_active = False
    curriculum.save()
    assert upload(HEADER, "a,enrolled", action="update").state == "applied"
    assert statuses() == {"a": "enrolled"}


# Snapshots


def test_a_snapshot_drops_active_learners_who_are_absent(upload, enroll):
    for key, status in [("a", "enrolled"), ("b", "pending"), ("c", "ended")]:
        enroll(key, status)
    elsewhere = enroll("d", curriculum_uuid=uuid4())
    item = upload(HEADER, "a,enrolled", is_snapshot=True, drop_status="suspended")
    assert (item.state, item.counts) == ("applied", {"unchanged": 1, "drop": 1})
    assert statuses() == {"a": "enrolled", "b": "suspended", "c": "ended", "d": elsewhere.status}


def test_a_snapshot_keeps_a_learner_whose_row_is_rejected(upload, enroll):
    enroll("a")
    item = upload(HEADER, "a,Enrolled", "b,enrolled", is_snapshot=True, drop_status="canceled")
    assert statuses() == {"a": "enrolled", "b": "enrolled"}
    assert item.state == "applied_with_errors"


@pytest.mark.parametrize(("learners", "state"), [(5, "applied"), (6, "held")])
def test_a_snapshot_that_drops_many_is_held(upload, enroll, learners, state):
    for n in range(learners):
        enroll(f"gone-{n}")
    assert upload(HEADER, "a,enrolled", is_snapshot=True, drop_status="canceled").state == state


def test_max_drop_sets_the_limit(upload, enroll):
    enroll("b")
    item = upload(HEADER, "a,enrolled", is_snapshot=True, drop_status="canceled", max_drop=0)
    assert (item.state, statuses()) == ("held", {"b": "enrolled"})


@pytest.fixture
def held(upload, enroll):
    enroll("b")
    return upload(HEADER, "a,enrolled", is_snapshot=True, drop_status="canceled", max_drop=0, uploaded_by=UserFactory())


def test_a_held_import_goes_on_when_somebody_else_approves(held, program):
    approve_import(held.pk, by=UserFactory())
    run_imports_of_program(program.uuid)
    assert statuses() == {"a": "enrolled", "b": "canceled"}


def test_a_learner_who_is_not_active_any_more_is_not_dropped(held, program):
    api.change_program_enrollment_status(ProgramEnrollment.objects.get(external_user_key="b"), "ended")
    approve_import(held.pk, by=UserFactory())
    run_imports_of_program(program.uuid)
    row = list_rows(held).get(student_key="b")
    assert statuses() == {"a": "enrolled", "b": "ended"}
    assert (row.outcome, row.before, row.after) == ("unchanged", {"status": "ended"}, {"status": "ended"})
    held.refresh_from_db()
    assert (held.state, held.counts) == ("applied", {"create": 1, "drop": 0, "unchanged": 1})
    assert list_rows(held).get(student_key="b").told_result == "ended"


def test_a_learner_who_has_left_the_scope_of_the_snapshot_is_not_dropped_elsewhere(held, program, enroll):
    ProgramEnrollment.objects.filter(external_user_key="b").update(curriculum_uuid=uuid4(), external_user_key="c")
    enroll("b", curriculum_uuid=uuid4())
    ProgramEnrollment.objects.filter(external_user_key="c").delete()
    approve_import(held.pk, by=UserFactory())
    run_imports_of_program(program.uuid)
    assert statuses() == {"a": "enrolled", "b": "enrolled"}
    assert outcomes(held) == [(2, "create", ""), (None, "reject", "not-in-program")]


def test_a_learner_who_has_left_the_course_run_is_not_dropped_from_it(upload_courses, enroll, program):
    rows = [ProgramCourseEnrollmentFactory(program_enrollment=enroll(key), status="active") for key in "abc"]
    item = upload_courses("TOY-1,a,active,", is_snapshot=True, max_drop=0, uploaded_by=UserFactory())
    api.change_program_course_enrollment_status(rows[1], "inactive")
    approve_import(item.pk, by=UserFactory())
    run_imports_of_program(program.uuid)
    assert outcomes(item) == [(2, "unchanged", ""), (None, "unchanged", ""), (None, "drop", "")]


def test_an_atomic_snapshot_drops_too(upload_courses, enroll, learner):
    for key, user in (("a", None), ("b", learner)):
        ProgramCourseEnrollmentFactory(program_enrollment=enroll(key, user=user), status="active")
    item = upload_courses("TOY-1,a,active,", is_snapshot=True, is_atomic=True)
    assert (item.state, outcomes(item)) == ("applied", [(2, "unchanged", ""), (None, "drop", "")])
    assert list(ProgramCourseEnrollment.objects.order_by("pk").values_list("status", flat=True)) == [
        "active",
        "inactive",
    ]
    assert CourseEnrollment.objects.get(user=learner).is_active is False


def test_a_snapshot_keeps_a_learner_whose_row_names_an_unknown_run(upload_courses, enroll):
    for key in "ab":
        ProgramCourseEnrollmentFactory(program_enrollment=enroll(key), status="active")
    item = upload_courses("TOY-1,a,active,", "TYO-1,b,active,", is_snapshot=True)
    assert outcomes(item) == [(2, "unchanged", ""), (3, "reject", "course_not_in_program")]


def test_whoever_uploaded_may_not_approve(held):
    with pytest.raises(SecondPersonNeeded):
        approve_import(held.pk, by=held.uploaded_by)


def test_staff_may_approve_their_own(upload, enroll):
    enroll("b")
    staff = StaffFactory()
    item = upload(HEADER, "a,enrolled", is_snapshot=True, drop_status="canceled", max_drop=0, uploaded_by=staff)
    assert approve_import(item.pk, by=staff).state == "applying"


def test_a_held_import_can_be_discarded(held, program):
    assert discard_import(held.pk, by=UserFactory()).state == "discarded"
    run_imports_of_program(program.uuid)
    assert statuses() == {"b": "enrolled"}


# Running


def test_a_queued_import_can_be_canceled(upload, program):
    item = upload(HEADER, "a,enrolled", run=False)
    assert cancel_import(item.pk).state == "canceled"
    run_imports_of_program(program.uuid)
    assert statuses() == {}


def test_an_import_that_is_canceled_when_a_worker_has_found_it_is_not_planned(upload):
    found = upload(HEADER, "a,enrolled", run=False)
    cancel_import(found.pk)

    running.run_import(found)

    assert Import.objects.get().state == "canceled"
    assert statuses() == {}


@pytest.mark.parametrize("mode", list(ImportMode))
def test_an_import_that_is_canceled_while_its_last_rows_are_planned_ends_there(upload, monkeypatch, mode):
    def count_outcomes_and_cancel(item):
        cancel_import(item.pk)
        return count_outcomes(item)

    monkeypatch.setattr(running, "count_outcomes", count_outcomes_and_cancel)
    item = upload(HEADER, "a,enrolled", mode=mode)

    assert item.state == "canceled"
    assert statuses() == {}


def test_an_import_that_failed_before_it_saw_that_it_was_canceled_can_be_resumed(upload, program, monkeypatch):
    def cancel_and_fail(item):
        cancel_import(item.pk)
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(running, "_apply", cancel_and_fail)
        item = upload(HEADER, "a,enrolled")
    assert apply_import(item.pk).state == "applying"
    run_imports_of_program(program.uuid)
    assert statuses() == {"a": "enrolled"}


def test_a_running_import_stops_at_its_next_chunk_and_tells_what_it_applied(upload, program, monkeypatch):
    monkeypatch.setattr(running, "APPLIED_AT_ONCE", 2)
    apply_chunk = running._apply_chunk

    def apply_chunk_then_cancel(item, program):
        cancel_import(item.pk)
        return apply_chunk(item, program)

    monkeypatch.setattr(running, "_apply_chunk", apply_chunk_then_cancel)
    item = upload(HEADER, *[f"{n},enrolled" for n in range(5)])
    assert (item.state, item.rows_done, ProgramEnrollment.objects.count()) == ("canceled", 2, 2)


def test_an_applied_import_cannot_be_canceled_or_applied_again(upload):
    item = upload(HEADER, "a,enrolled")
    with pytest.raises(StateConflict):
        cancel_import(item.pk)
    with pytest.raises(StateConflict):
        apply_import(item.pk)


def test_imports_of_one_program_run_in_the_order_they_came(upload, program):
    upload(HEADER, "a,enrolled", run=False)
    upload(HEADER, "a,suspended", run=False)
    run_imports_of_program(program.uuid)
    assert [entry.status for entry in ProgramEnrollment.history.order_by("history_id")] == ["enrolled", "suspended"]


def test_an_import_that_lost_its_worker_goes_on_where_it_stopped(upload, program, monkeypatch):
    monkeypatch.setattr(running, "APPLIED_AT_ONCE", 2)
    apply_chunk, chunks = running._apply_chunk, []

    def apply_chunk_until_killed(item, program):
        chunks.append(item)
        if len(chunks) == 3:
            raise KeyboardInterrupt
        return apply_chunk(item, program)

    monkeypatch.setattr(running, "_apply_chunk", apply_chunk_until_killed)
    with pytest.raises(KeyboardInterrupt):
        upload(HEADER, *[f"{n},enrolled" for n in range(9)])
    assert Import.objects.get().rows_done == 4
    run_imports_of_program(program.uuid)
    item = Import.objects.get()
    assert (item.state, item.rows_done) == ("applied", 9)
    assert ProgramEnrollment.objects.count() == ProgramEnrollment.history.count() == 9


def test_a_fault_of_ours_fails_the_import_and_it_can_be_resumed(upload, program, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(running, "_apply", lambda item: 1 / 0)
        item = upload(HEADER, "a,enrolled")
    assert (item.state, item.error_code) == ("failed", "internal_error")
    apply_import(item.pk)
    run_imports_of_program(program.uuid)
    assert statuses() == {"a": "enrolled"}


# Undo


def undo(item):
    back = undo_import(item.pk)
    run_imports_of_program(item.program_uuid)
    back.refresh_from_db()
    item.refresh_from_db()
    return back


def test_undo_puts_back_what_the_import_changed(upload, enroll):
    enroll("b", "pending")
    enroll("d", "enrolled")
    item = upload(HEADER, "a,enrolled", "b,enrolled", is_snapshot=True, drop_status="canceled")
    assert statuses() == {"a": "enrolled", "b": "enrolled", "d": "canceled"}
    back = undo(item)
    assert (back.state, item.state, statuses()) == ("applied", "undone", {"b": "pending", "d": "enrolled"})
    assert ProgramEnrollment.history.filter(external_user_key="a").first().history_type == "-"


def test_undo_lists_what_has_changed_since_and_leaves_it(upload, enroll):
    enrollment = enroll("b", "pending")
    item = upload(HEADER, "a,enrolled", "b,enrolled")
    api.change_program_enrollment_status(enrollment, "ended")
    back = undo(item)
    assert (back.state, statuses()) == ("applied_with_errors", {"b": "ended"})
    assert back.rows.get(student_key="b").error_code == "changed_since"


def test_undo_can_be_previewed(upload):
    item = upload(HEADER, "a,enrolled")
    back = undo_import(item.pk, mode=ImportMode.PREVIEW)
    run_imports_of_program(item.program_uuid)
    back.refresh_from_db()
    assert (back.state, back.counts, statuses()) == ("planned", {"drop": 1}, {"a": "enrolled"})


def test_a_preview_of_an_undo_ends_with_the_next_undo(upload):
    item = upload(HEADER, "a,enrolled")
    preview = undo_import(item.pk, mode=ImportMode.PREVIEW)
    run_imports_of_program(item.program_uuid)
    undo(item)

    preview.refresh_from_db()
    assert preview.state == "discarded"
    with pytest.raises(StateConflict):
        apply_import(preview.pk)


@pytest.mark.parametrize("state", ["queued", "planning", "planned", "applying", "failed"])
def test_an_old_import_is_kept_while_an_undo_of_it_may_go_on(upload, state):
    item = upload(HEADER, "a,enrolled")
    undo_import(item.pk)
    Import.objects.filter(pk=item.pk).update(finished_at=timezone.now() - timedelta(days=31))
    Import.objects.filter(undoes=item).update(state=state)

    assert prune_imports() == 0


def test_an_old_import_is_pruned_once_its_undo_has_ended(upload):
    item = upload(HEADER, "a,enrolled")
    back = undo(item)
    Import.objects.filter(pk=item.pk).update(finished_at=timezone.now() - timedelta(days=31))

    assert prune_imports() == 1
    assert list(Import.objects.all()) == [back]


def test_an_import_is_undone_once(upload):
    item = upload(HEADER, "a,enrolled")
    undo(item)
    with pytest.raises(StateConflict):
        undo_import(item.pk)


def test_an_old_import_cannot_be_undone(upload):
    item = upload(HEADER, "a,enrolled")
    Import.objects.update(finished_at=timezone.now() - timedelta(days=31))
    with pytest.raises(StateConflict):
        undo_import(item.pk)


def test_undo_takes_an_account_out_of_a_run_that_two_of_its_keys_entered(upload_courses, enroll, learner):
    enroll("a", user=learner)
    enroll("b", user=learner, curriculum_uuid=uuid4())
    undo(upload_courses("TOY-1,a,active,", "TOY-1,b,inactive,"))
    assert not ProgramCourseEnrollment.objects.exists()
    assert CourseEnrollment.objects.get(user=learner).is_active is False


def test_the_cost_of_rows_in_a_course_run_does_not_grow(upload_courses, enroll, learner):
    def import_and_count(*keys):
        for key in keys:
            ProgramCourseEnrollmentFactory(program_enrollment=enroll(key), status="inactive")
        with CaptureQueriesContext(connection) as queries:
            item = upload_courses(*[f"TOY-1,{key},active,true" for key in keys], action="update")
        assert (item.state, item.counts) == ("applied", {"update": len(keys)})
        return len(queries)

    assert import_and_count("a") == import_and_count("b", "c", "d")


def test_undo_in_course_runs_takes_roles_and_course_enrollments_along(upload_courses, enroll, learner):
    enroll("a", user=learner)
    enroll("b")
    row = ProgramCourseEnrollmentFactory(program_enrollment=enroll("c"), status="inactive")
    item = upload_courses("TOY-1,a,active,true", "TOY-1,b,active,true", "TOY-1,c,active,yes")
    assert item.state == "applied"
    back = undo(item)
    assert back.state == "applied"
    assert list(ProgramCourseEnrollment.objects.values_list("pk", "status")) == [(row.pk, "inactive")]
    assert CourseEnrollment.objects.get(user=learner).is_active is False
    assert not CourseAccessRole.objects.exists()
    assert not CourseAccessRoleAssignment.objects.exists()


def test_an_undo_makes_an_account_that_was_linked_twice_since_its_plan_active_in_a_run_once(upload_courses, enroll):
    enrollments = [enroll("a"), enroll("b", curriculum_uuid=uuid4())]
    for enrollment in enrollments:
        ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="active")
    item = upload_courses("TOY-1,a,inactive,", "TOY-1,b,inactive,")
    back = undo_import(item.pk, mode=ImportMode.PREVIEW)
    run_imports_of_program(item.program_uuid)
    learner = UserFactory()
    for enrollment in enrollments:
        api.link_program_enrollment_to_user(enrollment, learner)

    apply_import(back.pk)
    run_imports_of_program(item.program_uuid)

    back.refresh_from_db()
    assert back.state == "applied_with_errors"
    assert sorted(ProgramCourseEnrollment.objects.values_list("status", flat=True)) == ["active", "inactive"]
    assert CourseEnrollment.objects.get(user=learner).is_active is True


@pytest.mark.parametrize(
    ("line", "mode", "is_active", "is_staff"),
    [
        ("TOY-1,a,active,true", "verified", True, True),
        ("TOY-1,a,active,false", "audit", True, True),
        ("TOY-1,a,inactive,", "honor", True, False),
        ("TOY-1,a,active,true", "audit", False, False),
    ],
)
def test_undo_gives_an_account_back_what_it_had_in_the_run(
    upload_courses, enroll, learner, line, mode, is_active, is_staff
):
    enroll("a", user=learner)
    CourseEnrollmentFactory(user=learner, course_key=RUN_KEY, mode=mode, is_active=is_active)
    if is_staff:
        CourseAccessRoleFactory(user=learner, course_key=RUN_KEY, role="staff")

    back = undo(upload_courses(line))

    held = CourseEnrollment.objects.get(user=learner)
    assert back.state == "applied"
    assert (held.mode, held.is_active) == (mode, is_active)
    assert CourseAccessRole.objects.filter(user=learner).exists() is is_staff


def test_undo_leaves_a_mode_that_was_chosen_since(upload_courses, enroll, learner):
    enroll("a", user=learner)
    CourseEnrollmentFactory(user=learner, course_key=RUN_KEY, mode="audit")
    item = upload_courses("TOY-1,a,active,")
    CourseEnrollment.objects.update(mode="verified")

    undo(item)

    assert CourseEnrollment.objects.get(user=learner).mode == "verified"


@pytest.mark.parametrize("is_linked", [True, False])
@pytest.mark.parametrize(("sent", "since"), [("", True), ("true", False)])
def test_undo_lists_whose_role_has_changed_since_and_puts_back_the_others(
    upload_courses, enroll, learner, program, course_run, is_linked, sent, since
):
    enroll("a", user=learner if is_linked else None)
    enroll("b")
    item = upload_courses(f"TOY-1,a,active,{sent}", "TOY-1,b,active,")
    api.write_program_course_enrollments(
        program_uuid=program.uuid,
        course_key=course_run.key,
        action=WriteAction.UPDATE,
        records=[api.ProgramCourseEnrollmentRecord("a", "active", course_staff=since)],
    )

    back = undo(item)

    assert back.state == "applied_with_errors"
    assert sorted(outcomes(back)) == [(2, "reject", "changed_since"), (3, "drop", "")]


def test_an_undo_keeps_a_row_with_which_a_role_waits_since_its_plan(upload_courses, enroll):
    enroll("a")
    item = upload_courses("TOY-1,a,active,")
    back = undo_import(item.pk, mode=ImportMode.PREVIEW)
    run_imports_of_program(item.program_uuid)
    row = ProgramCourseEnrollment.objects.get()
    CourseAccessRoleAssignment.objects.create(enrollment=row, role="staff")

    apply_import(back.pk)
    run_imports_of_program(item.program_uuid)

    assert outcomes(back) == [(2, "reject", "changed_since")]
    assert ProgramCourseEnrollment.objects.get() == row


# Course enrollments


def test_course_rows_name_a_run_by_its_key_or_its_external_key(upload_courses, enroll):
    enroll("a")
    enroll("b")
    item = upload_courses(f"{RUN_KEY},a,active,", "TOY-1,b,inactive,")
    assert (item.state, item.counts) == ("applied", {"create": 2})
    assert set(ProgramCourseEnrollment.objects.values_list("status", flat=True)) == {"active", "inactive"}


def test_a_course_row_of_an_unknown_run_is_rejected(upload_courses, enroll):
    enroll("a")
    item = upload_courses("TOY-2,a,active,")
    assert outcomes(item) == [(2, "reject", "course_not_in_program")]


def test_course_staff_makes_a_row_an_update(upload_courses, enroll):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enroll("a"), status="active")
    item = upload_courses("TOY-1,a,active,TRUE")
    assert item.counts == {"update": 1}
    assert CourseAccessRoleAssignment.objects.get().enrollment == row


def test_a_course_snapshot_makes_absent_learners_inactive(upload_courses, enroll):
    ProgramCourseEnrollmentFactory(program_enrollment=enroll("a"), status="active")
    enroll("b")
    upload_courses("TOY-1,b,active,", is_snapshot=True, drop_status="inactive")
    assert dict(ProgramCourseEnrollment.objects.values_list("program_enrollment__external_user_key", "status")) == {
        "a": "inactive",
        "b": "active",
    }


def test_two_keys_of_one_account_conflict_as_in_a_write(upload_courses, enroll, learner, monkeypatch):
    monkeypatch.setattr(running, "PLANNED_AT_ONCE", 1)
    enroll("a", user=learner)
    enroll("b", user=learner, curriculum_uuid=uuid4())
    item = upload_courses("TOY-1,a,active,", "TOY-1,b,active,", mode="preview")
    assert outcomes(item) == [(2, "create", ""), (3, "reject", "conflict")]


def test_old_imports_are_pruned_with_their_files(upload, tmp_path):
    upload(HEADER, "a,enrolled")
    Import.objects.update(finished_at=timezone.now() - timedelta(days=31))
    assert prune_imports() == 1
    assert not Import.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_files_that_no_import_has_are_pruned_once_they_cannot_be_uploads_under_way(upload, tmp_path):
    item = upload(HEADER, "a,enrolled")
    folder = tmp_path / "imports" / "2020" / "01"
    folder.mkdir(parents=True)
    stray, fresh, kept = folder / "stray", folder / "fresh", tmp_path / item.file.name
    for path in (stray, fresh):
        path.write_text("student_key,status")
    for path in (stray, kept):
        os.utime(path, (0, 0))
    assert prune_imports() == 0
    assert [path.exists() for path in (stray, fresh, kept)] == [False, True, True]


@pytest.mark.django_db(transaction=True)
def test_an_atomic_import_shows_its_progress_and_takes_it_back_when_it_is_canceled(upload, monkeypatch):
    monkeypatch.setattr(running, "APPLIED_AT_ONCE", 2)
    seen = []
    stop_if_asked = running._stop_if_asked

    def cancel_after_two_chunks(item):
        if item.state == "applying":
            with closing(connection.copy()) as other, other.cursor() as cursor:
                cursor.execute("SELECT rows_done FROM imports_import WHERE id = %s", [item.pk])
                seen.append(cursor.fetchone()[0])
            if len(seen) == 2:
                cancel_import(item.pk)
        stop_if_asked(item)

    monkeypatch.setattr(running, "_stop_if_asked", cancel_after_two_chunks)
    item = upload(HEADER, *[f"{n},enrolled" for n in range(6)], is_atomic=True)

    assert seen == [2, 4]
    assert (item.state, item.rows_done, ProgramEnrollment.objects.count()) == ("canceled", 0, 0)
