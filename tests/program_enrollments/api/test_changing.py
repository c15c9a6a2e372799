"""Setting the status of many enrollments at once."""

import pytest

from learners.models import CourseEnrollment
from program_enrollments import api
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import ProgramFactory
from tests.factories.learners import RUN_KEY, UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory

ELSEWHERE = "The learner is active in the course run through another enrollment."

pytestmark = pytest.mark.django_db


def place(program, *, student_key="student-1", user=None, status="inactive"):
    enrollment = ProgramEnrollmentFactory(program_uuid=program.uuid, external_user_key=student_key, user=user)
    return ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status=status)


def change(rows, status):
    return api.change_program_course_enrollment_statuses([row.pk for row in rows], status)


def statuses_of(rows):
    found = ProgramCourseEnrollment.objects.in_bulk([row.pk for row in rows])
    return [found[row.pk].status for row in rows]


def test_enrollments_of_several_programs_change_together():
    rows = [ProgramEnrollmentFactory(status=status) for status in ("enrolled", "ended", "suspended")]

    changes = api.change_program_enrollment_statuses([row.pk for row in rows], "ended")

    assert set(changes.changed) == {rows[0].pk, rows[2].pk}
    assert set(ProgramEnrollment.objects.values_list("status", flat=True)) == {"ended"}


def test_an_unchanged_enrollment_leaves_no_history():
    row = ProgramEnrollmentFactory(status="ended")
    before = row.history.count()

    changes = api.change_program_enrollment_statuses([row.pk], "ended")

    assert (changes.changed, changes.refused, row.history.count()) == (set(), {}, before)


def test_enrollments_that_are_gone_are_named_and_keep_back_no_others(program):
    rows = [place(program, student_key=key) for key in ("a", "b")]
    gone = rows[0].pk
    rows[0].delete()

    changes = api.change_program_course_enrollment_statuses([gone, rows[1].pk], "active")

    assert (changes.changed, set(changes.refused)) == ({rows[1].pk}, {gone})


def test_one_student_key_of_an_organization_becomes_active_in_a_run_once(program, school):
    rows = [place(one) for one in (program, ProgramFactory(organizations=[school]))]

    changes = change(rows, "active")

    assert changes.refused == {rows[1].pk: ELSEWHERE}
    assert statuses_of(rows) == ["active", "inactive"]


def test_one_account_becomes_active_in_a_run_once_whatever_the_organization(program):
    user = UserFactory()
    rows = [place(one, user=user, student_key=key) for one, key in ((program, "a"), (ProgramFactory(), "b"))]

    changes = change(rows, "active")

    assert changes.refused == {rows[1].pk: ELSEWHERE}
    assert CourseEnrollment.objects.filter(user=user, is_active=True).count() == 1


def test_the_same_student_key_at_another_organization_is_another_learner(program):
    rows = [place(one) for one in (program, ProgramFactory())]

    assert change(rows, "active").refused == {}
    assert statuses_of(rows) == ["active", "active"]


def test_the_same_student_key_in_another_program_without_organization_is_another_learner():
    rows = [place(ProgramFactory(organizations=[])) for _ in range(2)]

    assert change(rows, "active").refused == {}
    assert statuses_of(rows) == ["active", "active"]


def test_course_enrollments_of_a_program_that_left_the_catalog_are_refused():
    row = ProgramCourseEnrollmentFactory(status="inactive")

    assert change([row], "active").refused == {row.pk: f"There is no program {row.program_uuid}."}


def test_an_account_leaves_the_run_with_its_last_active_enrollment(program):
    row = place(program, user=UserFactory())
    change([row], "active")

    change([row], "inactive")

    assert not CourseEnrollment.objects.get(course_key=RUN_KEY).is_active


@pytest.mark.parametrize("rows", [2, 6])
def test_the_number_of_queries_does_not_grow_with_the_rows(program, rows, django_assert_num_queries):
    some = [place(program, student_key=f"student-{n}", user=UserFactory()) for n in range(rows)]

    with django_assert_num_queries(16):
        change(some, "active")
