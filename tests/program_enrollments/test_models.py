"""What the database and the models hold of enrollments, whoever writes them."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from program_enrollments.api import ProgramEnrollmentRecord, write_program_enrollments
from program_enrollments.constants import WriteAction
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import ProgramFactory
from tests.factories.learners import RUN_KEY
from tests.factories.program_enrollments import CourseAccessRoleAssignmentFactory, ProgramEnrollmentFactory

FILL = """
INSERT INTO program_enrollments_programenrollment
    (created, modified, external_user_key, program_uuid, curriculum_uuid, status)
SELECT now(), now(), 'learner-' || n, %(program)s, %(curriculum)s, 'enrolled' FROM generate_series(1, %(rows)s) AS n
"""
COUNT_UPDATES = """
SELECT pg_stat_get_xact_tuples_updated(%s::regclass), pg_stat_get_xact_tuples_hot_updated(%s::regclass)
"""


def count_updates():
    """Return how many rows were updated of late, and how many of those within their page."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UPDATES, [ProgramEnrollment._meta.db_table] * 2)
        return cursor.fetchone()


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


def test_a_role_that_nobody_grants_cannot_wait():
    with pytest.raises(IntegrityError, match="courseaccessroleassignment_known_role"):
        CourseAccessRoleAssignmentFactory(role="instructor")


def test_updates_here_and_there_in_a_large_program_find_room_in_their_pages():
    program = ProgramFactory()
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"program": program.uuid, "curriculum": uuid4(), "rows": 2000})
    before = count_updates()
    write_program_enrollments(
        program_uuid=program.uuid,
        action=WriteAction.UPDATE,
        records=[ProgramEnrollmentRecord(f"learner-{80 * n}", "canceled", None) for n in range(1, 26)],
    )

    all_updates, in_place = (after - earlier for after, earlier in zip(count_updates(), before, strict=True))
    assert (all_updates, in_place) == (25, 25)
