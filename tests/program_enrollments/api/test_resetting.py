"""Wiping an organization's enrollments and users (contract section 5.4)."""

import logging
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from learners.models import CourseEnrollment, User
from program_enrollments import api
from program_enrollments.exceptions import OrganizationDoesNotExist, ProgramDoesNotExist, ProgramOfAnotherOrganization
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import OrganizationFactory, ProgramFactory
from tests.factories.learners import (
    RUN_KEY,
    CourseAccessRoleFactory,
    CourseEnrollmentFactory,
    IdentityFactory,
    IdentityProviderFactory,
    UserFactory,
)
from tests.factories.program_enrollments import (
    CourseAccessRoleAssignmentFactory,
    ProgramCourseEnrollmentFactory,
    ProgramEnrollmentFactory,
)


@pytest.fixture
def reset(school, staff):
    def reset(program_uuids=None):
        return api.reset_enrollments(
            organization_key=school.key,
            program_uuids=program_uuids,
            source=api.ChangeSource(user_id=staff.pk, reason="a test"),
        )

    return reset


@pytest.fixture
def user_of_school(identity_provider):
    user = UserFactory()
    IdentityFactory(user=user, identity_provider=identity_provider)
    return user


def test_a_reset_deletes_enrollments_with_all_that_tells_of_them(program, reset):
    row = ProgramCourseEnrollmentFactory(program_enrollment__program_uuid=program.uuid)
    CourseAccessRoleAssignmentFactory(enrollment=row)
    assert reset() == api.ResetCounts(program_enrollments=1, program_course_enrollments=1, users=0)
    for model in (ProgramEnrollment, ProgramCourseEnrollment):
        assert not model.objects.exists()
        assert not model.history.exists()
    assert not CourseAccessRoleAssignment.objects.exists()


def test_a_reset_deletes_the_history_of_enrollments_deleted_before(program, reset):
    ProgramCourseEnrollmentFactory(program_enrollment__program_uuid=program.uuid)
    ProgramEnrollment.objects.all().delete()
    reset()
    assert not ProgramEnrollment.history.exists()
    assert not ProgramCourseEnrollment.history.exists()


def test_the_history_of_enrollments_that_stand_is_kept_with_that_of_others_deleted(program):
    gone, standing = ProgramCourseEnrollmentFactory.create_batch(2, program_enrollment__program_uuid=program.uuid)
    ProgramEnrollment.objects.filter(pk=gone.program_enrollment_id).delete()
    api.delete_history_of_programs([program.uuid])

    assert ProgramEnrollment.history.get().id == standing.program_enrollment_id
    assert ProgramCourseEnrollment.history.get().id == standing.pk


def test_a_reset_of_named_programs_leaves_the_others(school, program, reset):
    kept = ProgramEnrollmentFactory(program_uuid=ProgramFactory(organizations=[school]).uuid)
    ProgramEnrollmentFactory(program_uuid=program.uuid)
    reset([program.uuid])
    assert ProgramEnrollment.objects.get() == kept
    assert ProgramEnrollment.history.get().id == kept.pk


def test_a_reset_covers_programs_in_which_the_organization_comes_second(school, reset):
    program = ProgramFactory(organizations=[OrganizationFactory(), school])
    ProgramEnrollmentFactory(program_uuid=program.uuid)
    assert reset([program.uuid]).program_enrollments == 1


def test_a_reset_leaves_programs_of_other_organizations(program, reset):
    ProgramEnrollmentFactory(program_uuid=ProgramFactory().uuid)
    assert reset().program_enrollments == 0


def test_a_reset_deletes_users_with_an_identity_at_any_provider_of_the_organization(school, reset):
    disabled = IdentityProviderFactory(organization=school, enabled=False)
    IdentityFactory(identity_provider=disabled)
    IdentityFactory(identity_provider=IdentityProviderFactory(organization=school))
    other = IdentityFactory()
    assert reset().users == 2
    assert User.objects.filter(pk=other.user_id).exists()


def test_a_provider_whose_slug_begins_the_same_is_another(school, identity_provider, reset):
    IdentityFactory(identity_provider=IdentityProviderFactory(slug=f"{identity_provider.slug}-2"))
    assert reset().users == 0


@pytest.mark.parametrize("privilege", ["is_staff", "is_superuser"])
def test_a_reset_never_deletes_staff_or_superusers(identity_provider, reset, privilege):
    IdentityFactory(user=UserFactory(**{privilege: True}), identity_provider=identity_provider)
    assert reset().users == 0


def test_enrollments_of_deleted_users_in_other_programs_wait_again(user_of_school, program, reset):
    enrollment = ProgramEnrollmentFactory(user=user_of_school, program_uuid=ProgramFactory().uuid)
    place = CourseEnrollmentFactory(user=user_of_school)
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment, course_enrollment=place)
    reset([program.uuid])
    enrollment.refresh_from_db()
    row.refresh_from_db()
    assert (enrollment.user, enrollment.status) == (None, "enrolled")
    assert (row.course_enrollment, row.status) == (None, "active")
    assert not CourseEnrollment.objects.exists()


def test_staff_roles_of_deleted_users_in_other_programs_wait_with_their_enrollments(user_of_school, program, reset):
    enrollments = [ProgramEnrollmentFactory(user=user_of_school, program_uuid=ProgramFactory().uuid) for _ in range(2)]
    rows = [
        ProgramCourseEnrollmentFactory(program_enrollment=enrollment, course_key=key)
        for enrollment, key in zip(enrollments, (RUN_KEY, "course-v1:edX+ToyX+Another"), strict=True)
    ]
    CourseAccessRoleFactory(user=user_of_school, course_key=RUN_KEY, role="staff")

    reset([program.uuid])

    assert CourseAccessRoleAssignment.objects.get().enrollment == rows[0]


def test_waiting_again_is_in_the_history(user_of_school, program, reset, staff):
    enrollment = ProgramEnrollmentFactory(user=user_of_school)
    reset()
    entry = enrollment.history.first()
    assert (entry.history_type, entry.user_id, entry.history_user, entry.history_change_reason) == (
        "~",
        None,
        staff,
        "a test",
    )


def test_an_enrollment_that_cannot_wait_is_deleted_with_its_user(user_of_school, program, reset):
    ProgramEnrollmentFactory(user=user_of_school, external_user_key=None)
    reset()
    assert not ProgramEnrollment.objects.exists()
    assert not ProgramEnrollment.history.exists()


def test_an_unknown_organization_is_refused(reset, staff):
    with pytest.raises(OrganizationDoesNotExist):
        api.reset_enrollments(organization_key="nobody", program_uuids=None, source=api.ChangeSource(staff.pk))


def test_an_unknown_program_is_refused_before_anything_is_deleted(program, reset):
    ProgramEnrollmentFactory(program_uuid=program.uuid)
    with pytest.raises(ProgramDoesNotExist):
        reset([program.uuid, uuid4()])
    assert ProgramEnrollment.objects.exists()


def test_a_program_of_another_organization_is_refused_before_anything_is_deleted(program, reset):
    ProgramEnrollmentFactory(program_uuid=program.uuid)
    with pytest.raises(ProgramOfAnotherOrganization):
        reset([program.uuid, ProgramFactory().uuid])
    assert ProgramEnrollment.objects.exists()


def test_a_reset_is_logged_with_who_asked(program, reset, staff, caplog):
    ProgramEnrollmentFactory(program_uuid=program.uuid, external_user_key="secret-key")
    with caplog.at_level(logging.WARNING, logger="program_enrollments.api.resetting"):
        reset()
    assert f"User {staff.pk} reset organization UCDavis: deleted 1 program enrollments" in caplog.text
    assert "secret-key" not in caplog.text


def test_the_cost_of_a_reset_does_not_grow_with_enrollments_and_users(program, identity_provider, reset):
    costs = []
    for size in (1, 6):
        for _ in range(size):
            user = IdentityFactory(identity_provider=identity_provider).user
            ProgramCourseEnrollmentFactory(
                program_enrollment__program_uuid=program.uuid,
                program_enrollment__user=user,
                course_enrollment=CourseEnrollmentFactory(user=user),
            )
        with CaptureQueriesContext(connection) as queries:
            reset()
        costs.append(len(queries))
    assert costs[0] == costs[1]
