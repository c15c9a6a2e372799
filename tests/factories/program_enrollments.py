"""Factories of enrollments."""

from uuid import uuid4

import factory

from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.learners import RUN_KEY


class ProgramEnrollmentFactory(factory.django.DjangoModelFactory):
    """Waiting (without a user) unless one is given."""

    class Meta:
        model = ProgramEnrollment

    user = None
    external_user_key = factory.Sequence(lambda n: f"student-{n}")
    program_uuid = factory.LazyFunction(uuid4)
    curriculum_uuid = factory.LazyFunction(uuid4)
    status = "enrolled"


class ProgramCourseEnrollmentFactory(factory.django.DjangoModelFactory):
    """Waiting (without a course enrollment) unless one is given."""

    class Meta:
        model = ProgramCourseEnrollment

    program_enrollment = factory.SubFactory(ProgramEnrollmentFactory)
    course_enrollment = None
    course_key = RUN_KEY
    status = "active"


class CourseAccessRoleAssignmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CourseAccessRoleAssignment

    enrollment = factory.SubFactory(ProgramCourseEnrollmentFactory)
    role = "staff"
