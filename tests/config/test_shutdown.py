"""Ending the service as a supervisor does, while it is at work."""

import json
import signal
from contextlib import closing

import pytest

from tests.factories.catalog import CourseFactory, CourseRunFactory, CurriculumFactory
from tests.factories.learners import RUN_KEY, StaffFactory, UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory
from tests.live_service import SECONDS, hash_password, live_service, wait_until


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_being_served_is_finished_before_the_service_ends(tmp_path):
    course = CourseFactory()
    CourseRunFactory(course=course, key=RUN_KEY)
    curriculum = CurriculumFactory(courses=[course])
    enrollment = ProgramEnrollmentFactory(
        user=UserFactory(), program_uuid=curriculum.program.uuid, curriculum_uuid=curriculum.uuid
    )
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    staff = StaffFactory()
    staff.password = hash_password("a-long-password")
    staff.save()
    path = f"/api/program_enrollments/v1/programs/{curriculum.program.uuid}/courses/{RUN_KEY}/grades/"
    grades_file, started_file = tmp_path / "grades", tmp_path / "started"
    backend = {"GRADES_BACKEND": "tests.registrar.waiting_grades.WaitingGrades", "GRADES_FILE": str(grades_file)}

    log_file = tmp_path / "log"
    with live_service(log_file, STARTED_FILE=str(started_file), **backend) as service:
        password = {"username": staff.username, "password": "a-long-password"}
        token = service.request("POST", "/api/token/", password)["access"]
        with closing(service.open_request("GET", path, headers={"Authorization": f"JWT {token}"})) as served:
            wait_until(started_file.exists, "the request is being served")
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "Handling signal: term" in log_file.read_text(), "the service begins to end")
            grades_file.write_text("good")
            answer = served.getresponse()
            assert answer.status == 200
            assert json.load(answer)["results"][0]["letter_grade"] == "A"
        assert service.process.wait(SECONDS) == 0
