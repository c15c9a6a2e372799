"""Changing one enrollment that somebody deletes meanwhile."""

import pytest

from program_enrollments import api
from program_enrollments.exceptions import EnrollmentConflict
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory


def test_an_enrollment_that_is_gone_is_told_as_a_conflict(enroll):
    enrollment = enroll("student-1")
    ProgramEnrollment.objects.all().delete()

    with pytest.raises(EnrollmentConflict, match="deleted"):
        api.change_program_enrollment_status(enrollment, "canceled")


@pytest.mark.parametrize("model", [ProgramEnrollment, ProgramCourseEnrollment])
def test_a_course_enrollment_that_is_gone_is_told_as_a_conflict(enroll, model):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enroll("student-1"), status="active")
    model.objects.all().delete()

    with pytest.raises(EnrollmentConflict, match="deleted"):
        api.change_program_course_enrollment_status(row, "inactive")
