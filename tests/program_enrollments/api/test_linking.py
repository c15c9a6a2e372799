"""Linking enrollments to accounts (contract section 7)."""

from uuid import uuid4

import pytest
from django.db import InternalError, connection

from learners.models import CourseAccessRole, CourseEnrollment
from program_enrollments import api
from program_enrollments.exceptions import LearnerNotLinked, ProgramDoesNotExist
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import CurriculumFactory, OrganizationFactory, ProgramFactory
from tests.factories.learners import RUN_KEY, CourseEnrollmentFactory, IdentityFactory, UserFactory
from tests.factories.program_enrollments import (
    CourseAccessRoleAssignmentFactory,
    ProgramCourseEnrollmentFactory,
    ProgramEnrollmentFactory,
)


@pytest.fixture
def enrollment(curriculum):
    """An enrollment of student key `a` that waits for its account."""
    return ProgramEnrollmentFactory(
        external_user_key="a", program_uuid=curriculum.program.uuid, curriculum_uuid=curriculum.uuid
    )


@pytest.fixture
def sign_in(identity_provider):
    """A first single sign-on with student key `a`."""

    def sign_in(user, student_key="a"):
        IdentityFactory(user=user, identity_provider=identity_provider, student_key=student_key)

    return sign_in


def test_a_first_sign_in_links_what_waits_for_the_student_key(enrollment, sign_in, learner):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    sign_in(learner)
    enrollment.refresh_from_db()
    row.refresh_from_db()
    assert enrollment.user == learner
    assert (row.course_enrollment.user, row.course_enrollment.mode, row.course_enrollment.is_active) == (
        learner,
        "masters",
        True,
    )


def test_a_first_sign_in_leaves_other_student_keys_waiting(enrollment, sign_in, learner):
    sign_in(learner, student_key="A")
    enrollment.refresh_from_db()
    assert enrollment.user is None


def test_a_first_sign_in_leaves_programs_of_other_organizations_waiting(school, sign_in, learner):
    program = ProgramFactory(organizations=[OrganizationFactory(), school])
    enrollment = ProgramEnrollmentFactory(external_user_key="a", program_uuid=program.uuid)
    sign_in(learner)
    enrollment.refresh_from_db()
    assert enrollment.user is None


def test_a_waiting_inactive_row_is_entered_inactive(enrollment, sign_in, learner):
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="inactive")
    sign_in(learner)
    assert CourseEnrollment.objects.get().is_active is False


def test_a_waiting_role_is_granted_on_the_first_sign_in(enrollment, sign_in, learner):
    CourseAccessRoleAssignmentFactory(enrollment=ProgramCourseEnrollmentFactory(program_enrollment=enrollment))
    sign_in(learner)
    assert CourseAccessRole.objects.filter(user=learner, course_key=RUN_KEY, role="staff").exists()
    assert not CourseAccessRoleAssignment.objects.exists()


def test_linking_is_in_the_history(enrollment, sign_in, learner):
    sign_in(learner)
    entry = ProgramEnrollment.history.first()
    assert (entry.user, entry.history_user, entry.history_type) == (learner, learner, "~")


def test_one_enrollment_that_cannot_be_linked_leaves_the_others(enrollment, sign_in, learner, caplog):
    ProgramEnrollmentFactory(
        user=learner, program_uuid=enrollment.program_uuid, curriculum_uuid=enrollment.curriculum_uuid
    )
    other = ProgramEnrollmentFactory(external_user_key="a", program_uuid=enrollment.program_uuid)
    sign_in(learner)
    enrollment.refresh_from_db()
    other.refresh_from_db()
    assert (enrollment.user, other.user) == (None, learner)
    assert caplog.messages == [f"Program enrollment {enrollment.pk} was not linked: LearnerNotLinked."]


def test_an_active_row_gives_way_to_the_accounts_other_active_place_in_the_run(enrollment, sign_in, learner):
    ProgramCourseEnrollmentFactory(
        program_enrollment=ProgramEnrollmentFactory(user=learner),
        course_enrollment=CourseEnrollmentFactory(user=learner),
    )
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="active")
    sign_in(learner)
    row.refresh_from_db()
    assert (row.status, row.course_enrollment.is_active) == ("inactive", True)


def test_manual_linking_links_by_username(enrollment, learner):
    assert api.link_program_enrollments(enrollment.program_uuid, {"a": learner.username}) == {}
    enrollment.refresh_from_db()
    assert enrollment.user == learner


def test_manual_linking_reports_each_failure_and_links_the_rest(enrollment, learner):
    errors = api.link_program_enrollments(
        enrollment.program_uuid, {"unknown": learner.username, "b": "nobody", "a": learner.username}
    )
    assert errors == {
        "unknown": "There is no enrollment with this student key in the program.",
        "b": "There is no account with the username nobody.",
    }
    enrollment.refresh_from_db()
    assert enrollment.user == learner


def test_manual_linking_ends_where_the_database_takes_no_writes(enrollment, learner):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET TRANSACTION READ ONLY")
    with pytest.raises(InternalError):
        api.link_program_enrollments(enrollment.program_uuid, {"a": learner.username})


def test_manual_linking_in_an_unknown_program_is_refused(learner):
    with pytest.raises(ProgramDoesNotExist):
        api.link_program_enrollments(uuid4(), {"a": learner.username})


def test_relinking_withdraws_the_former_account(enrollment, learner):
    former = UserFactory()
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="active")
    api.link_program_enrollment_to_user(enrollment, former)
    api.link_program_enrollments(enrollment.program_uuid, {"a": learner.username})
    row.refresh_from_db()
    withdrawn = CourseEnrollment.objects.get(user=former)
    assert (withdrawn.mode, withdrawn.is_active) == ("audit", False)
    assert (row.course_enrollment.user, row.course_enrollment.is_active) == (learner, True)


def test_relinking_moves_the_staff_role(enrollment, learner):
    former = UserFactory()
    CourseAccessRoleAssignmentFactory(enrollment=ProgramCourseEnrollmentFactory(program_enrollment=enrollment))
    api.link_program_enrollment_to_user(enrollment, former)
    api.link_program_enrollment_to_user(enrollment, learner)
    assert list(CourseAccessRole.objects.values_list("user", "role")) == [(learner.pk, "staff")]


def test_an_enrollment_without_student_key_can_be_given_to_another_account(enrollment, learner):
    keyless = ProgramEnrollmentFactory(user=UserFactory(), external_user_key=None, program_uuid=enrollment.program_uuid)
    api.link_program_enrollment_to_user(keyless, learner)
    assert ProgramEnrollment.objects.get(pk=keyless.pk).user == learner


def test_relinking_that_fails_leaves_the_former_account_linked(enrollment, learner):
    former = UserFactory()
    api.link_program_enrollment_to_user(enrollment, former)
    ProgramEnrollmentFactory(
        user=learner, program_uuid=enrollment.program_uuid, curriculum_uuid=enrollment.curriculum_uuid
    )
    with pytest.raises(LearnerNotLinked):
        api.link_program_enrollment_to_user(enrollment, learner)
    assert ProgramEnrollment.objects.get(pk=enrollment.pk).user == former


def test_unlinking_keeps_a_course_enrollment_on_which_another_program_rests(enrollment, learner):
    other = CurriculumFactory()
    rests = ProgramEnrollmentFactory(user=learner, program_uuid=other.program.uuid, curriculum_uuid=other.uuid)
    api.link_program_enrollment_to_user(enrollment, learner)
    api.create_program_course_enrollment(program_enrollment=enrollment, course_key=RUN_KEY, status="inactive")
    api.create_program_course_enrollment(program_enrollment=rests, course_key=RUN_KEY, status="active")
    api.unlink_program_enrollment(enrollment)
    course_enrollment = CourseEnrollment.objects.get()
    assert (course_enrollment.mode, course_enrollment.is_active) == ("masters", True)
    assert ProgramCourseEnrollment.objects.get(program_enrollment=enrollment).course_enrollment is None


def test_an_enrollment_that_was_deleted_meanwhile_is_neither_linked_nor_unlinked(enrollment, learner):
    ProgramEnrollment.objects.filter(pk=enrollment.pk).delete()
    with pytest.raises(LearnerNotLinked):
        api.link_program_enrollment_to_user(enrollment, learner)
    with pytest.raises(LearnerNotLinked):
        api.unlink_program_enrollment(enrollment)


def test_an_enrollment_without_student_key_cannot_be_unlinked(enrollment, learner):
    keyless = ProgramEnrollmentFactory(user=learner, external_user_key=None, program_uuid=enrollment.program_uuid)
    with pytest.raises(LearnerNotLinked):
        api.unlink_program_enrollment(keyless)
