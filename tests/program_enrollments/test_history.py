"""History rows lead back to the request that made them."""

from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory
from tracing.service import note_requester, traced

BASE = "/api/program_enrollments/v1/"


def test_a_bulk_write_is_recorded_with_its_request_and_user(staff_client, staff, program, curriculum):
    path = f"{BASE}programs/{program.uuid}/enrollments/"
    record = {"student_key": "student-1", "curriculum_uuid": str(curriculum.uuid)}

    staff_client.post(path, [record | {"status": "pending"}], headers={"x-request-id": "first"})
    staff_client.patch(path, [record | {"status": "enrolled"}], headers={"x-request-id": "second"})

    rows = ProgramEnrollment.history.order_by("history_id").values_list("history_user_id", "request_id", "client_id")
    assert list(rows) == [(staff.pk, "first", ""), (staff.pk, "second", "")]


def test_a_change_through_the_orm_is_recorded_with_its_request_and_application(program):
    with traced("mine"):
        note_requester(user_id=7, client_id="school-system")
        ProgramCourseEnrollmentFactory(program_enrollment=ProgramEnrollmentFactory())

    for model in (ProgramEnrollment, ProgramCourseEnrollment):
        row = model.history.get()
        assert (row.request_id, row.client_id) == ("mine", "school-system")


def test_a_bulk_write_is_recorded_with_its_application(program, curriculum):
    record = api.ProgramEnrollmentRecord("student-1", "enrolled", curriculum.uuid)
    with traced("mine"):
        note_requester(user_id=None, client_id="school-system")
        api.write_program_enrollments(program_uuid=program.uuid, action=WriteAction.CREATE, records=[record])

    row = ProgramEnrollment.history.get()
    assert (row.request_id, row.client_id) == ("mine", "school-system")


def test_a_change_outside_of_requests_is_recorded_without_one():
    ProgramEnrollmentFactory()

    row = ProgramEnrollment.history.get()
    assert (row.request_id, row.client_id) == ("", "")
