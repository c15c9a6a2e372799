"""What the database and the models hold of enrollments, whoever writes them."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from program_enrollments.models import ProgramCourseEnrollment
from tests.factories.learners import RUN_KEY
from tests.factories.program_enrollments import ProgramEnrollmentFactory


def test_a_course_enrollment_takes_its_program_from_its_program_enrollment():
    enrollment = ProgramEnrollmentFactory()
    row = ProgramCourseEnrollment.objects.create(program_enrollment=enrollment, course_key=RUN_KEY, status="active")

    assert row.program_uuid == enrollment.program_uuid
    assert row.history.get().program_uuid == enrollment.program_uuid


def test_course_enrollments_made_in_bulk_take_it_too():
    enrollment = ProgramEnrollmentFactory()
    ProgramCourseEnrollment.objects.bulk_create(
        [ProgramCourseEnrollment(program_enrollment=enrollment, course_key=RUN_KEY, status="active")]
    )

    assert ProgramCourseEnrollment.objects.get().program_uuid == enrollment.program_uuid


def test_a_course_enrollment_cannot_be_of_another_program_than_its_program_enrollment():
    ProgramCourseEnrollment.objects.create(
        program_enrollment=ProgramEnrollmentFactory(), program_uuid=uuid4(), course_key=RUN_KEY, status="active"
    )

    with pytest.raises(IntegrityError, match="programcourseenrollment_in_program"):
        connection.check_constraints()
