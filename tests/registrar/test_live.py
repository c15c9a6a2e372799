"""What the console and a partner's script do, against a running server and a worker in a process of its own."""

import threading
from functools import partial

import pytest
import requests

from access.issuing import UserAccessToken
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.access import CLIENT_SECRET, RoleAssignmentFactory, make_application
from tests.factories.learners import UserFactory
from tests.live_service import wait_until
from tests.live_worker import live_worker

pytestmark = [pytest.mark.django_db(transaction=True)]

ROSTER = b"student_key,status\nb,pending\na,enrolled\nc,nonsense\n"


@pytest.fixture(autouse=True)
def _report(settings, program, school):
    folder = settings.MEDIA_ROOT / "reports_v2" / school.key / program.uuid.hex
    folder.mkdir(parents=True)
    (folder / "individual_report__2026-11-24.csv").write_text("a report")


@pytest.fixture
def grades_file(tmp_path):
    return tmp_path / "grades"


@pytest.fixture
def worker(settings, grades_file):
    """Runs a worker for as long as a block lasts."""
    return partial(
        live_worker,
        FILES_FOLDER=str(settings.MEDIA_ROOT),
        GRADES_BACKEND="tests.registrar.waiting_grades.WaitingGrades",
        GRADES_FILE=str(grades_file),
    )


class Client:
    """What a client of Registrar does over and over."""

    def __init__(self, server_url, session):
        self.server_url = server_url
        self.session = session
        session.trust_env = False

    def get(self, path):
        response = self.session.get(path if "://" in path else f"{self.server_url}/api/{path}")
        assert response.ok, response.text
        return response.json() if response.headers["Content-Type"] == "application/json" else response.text

    def upload(self, path, content=ROSTER):
        return self.session.post(f"{self.server_url}/api/{path}", files={"file": ("roster.csv", content)})

    def wait_for(self, job_id, *states):
        job = {}

        def is_there():
            job.update(self.get(f"v1/jobs/{job_id}"))
            return job["state"] in states

        wait_until(is_there, f"the job is {states}")
        return job


@pytest.fixture
def console(live_server, program):
    """A browser: cookies that another site of the school has set, and no header that only scripts can send."""
    user = UserFactory(username="clerk")
    RoleAssignmentFactory(user=user, role="writer", program_uuid=program.uuid)
    header, payload, signature = str(UserAccessToken.for_user(user)).split(".")
    with requests.Session() as session:
        session.cookies.set("edx-jwt-cookie-header-payload", f"{header}.{payload}")
        session.cookies.set("edx-jwt-cookie-signature", signature)
        yield Client(live_server.url, session)


@pytest.fixture
def script(live_server, program):
    """A partner's script: a token, and nothing else."""
    application = make_application("enrollments:read", "enrollments:write", "grades:read", "imports:write")
    RoleAssignmentFactory(user=application.user, role="writer", program_uuid=program.uuid)
    with requests.Session() as session:
        client = Client(live_server.url, session)
        token = session.post(
            f"{live_server.url}/oauth2/access_token",
            {
                "grant_type": "client_credentials",
                "token_type": "jwt",
                "client_id": application.client_id,
                "client_secret": CLIENT_SECRET,
            },
        ).json()["access_token"]
        session.headers["Authorization"] = f"JWT {token}"
        yield client


def test_the_consoles_day(console, live_server, worker, enroll_in_run):
    enroll_in_run("old")
    (program,) = console.get("v1/programs/?user_has_perm=read_metadata&program_title=")
    assert {"write_enrollments", "read_reports"} <= set(program["permissions"])
    path = f"v1/programs/{program['program_key']}"
    assert console.get("v1/jobs/") == []
    (report,) = console.get(f"{path}/reports?min_created_date=2026-11-19")
    assert console.session.get(report["download_url"]).text == "a report"

    assert console.upload(f"{path}/enrollments/upload/").status_code == 401  # without a CSRF token
    token = console.session.get(f"{live_server.url}/csrf/api/v1/token").json()["csrfToken"]
    console.session.headers["X-CSRFToken"] = token
    started = console.upload(f"{path}/enrollments/upload/")
    assert started.status_code == 202
    (waiting,) = console.get("v1/jobs/")
    assert waiting["job_id"] == started.json()["job_id"]
    assert waiting["name"].split(":") == [program["program_key"], "write", "write_program_enrollments"]
    assert waiting["state"] == "Pending"
    assert console.upload(f"{path}/course_enrollments/upload/").status_code == 409

    with worker():
        job = console.wait_for(waiting["job_id"], "Succeeded")
        assert job["text"] == "207"
        assert console.get(job["result"]).split() == [
            "student_key,status",
            "a,enrolled",
            "b,pending",
            "c,invalid-status",
        ]
        assert dict(ProgramEnrollment.objects.values_list("external_user_key", "status")) == {
            "a": "enrolled",
            "b": "pending",
            "old": "enrolled",
        }
        upload = b"course_id,student_key,status\nTOY-1,a,active\nnowhere,a,active\n"
        started = console.upload(f"{path}/course_enrollments/upload/", upload)
        job = console.wait_for(started.json()["job_id"], "Succeeded")
        assert console.get(job["result"]).splitlines()[1:] == ["TOY-1,a,active", "nowhere,a,course-not-found"]

        for what, lines in (
            ("enrollments", ["old,enrolled,False", "a,enrolled,False", "b,pending,False"]),
            ("course_enrollments", ["TOY-1,old,active,False", "TOY-1,a,active,False"]),
        ):
            job_id = console.get(f"{path}/{what}/?fmt=csv")["job_id"]
            job = console.wait_for(job_id, "Succeeded")
            assert sorted(console.get(job["result"]).splitlines()[1:]) == sorted(lines)
        assert console.get("v1/jobs/") == []


def test_a_scripts_night(script, worker, grades_file, enroll_in_run):
    enroll_in_run("old", user=UserFactory())
    (program,) = script.get("v2/programs?org=STEMx")
    assert script.get("v3/programs")["results"] == [program]
    path = f"v2/programs/{program['program_key']}"
    (course,) = script.get(f"{path}/courses")
    course_path = f"{path}/courses/{course['external_course_key']}"

    refused = script.upload(f"{path}/enrollments/upload", b"student_key\nx\n")
    assert (refused.status_code, refused.json()) == (400, ["CSV is missing headers [status]"])
    written = script.session.post(
        f"{script.server_url}/api/{course_path}/enrollments", json=[{"student_key": "none", "status": "active"}]
    )
    assert (written.status_code, written.json()) == (422, {"none": "not-in-program"})

    started = script.get(f"{course_path}/grades?fmt=csv")
    job_id = started["job_id"]
    assert started["job_url"] == f"{script.server_url}/api/v2/jobs/{job_id}"
    assert script.get(started["job_url"])["state"] == "Pending"
    with worker():
        running = script.wait_for(job_id, "In Progress")
        assert (running["result"], running["text"]) == (None, None)
        grades_file.write_text("good")
        job = script.wait_for(job_id, "Succeeded")
        assert job["text"] == "200"
        assert script.get(job["result"]).splitlines()[1:] == ["old,A,0.950,True,"]
        grades_file.write_text("fail")
        job = script.wait_for(script.get(f"{course_path}/grades")["job_id"], "Succeeded", "Failed")
        assert (job["state"], job["text"]) == ("Succeeded", "422")
        assert [record["error"] for record in script.get(job["result"])] == ["The grade could not be read."]
        job = script.wait_for(script.get(f"{course_path}/enrollments")["job_id"], "Succeeded")
        assert [record["student_key"] for record in script.get(job["result"])] == ["old"]

    (report,) = script.get(f"{path}/reports")
    assert script.session.get(report["download_url"]).text == "a report"
    del script.session.headers["Authorization"]
    assert script.session.get(job["result"]).status_code == 401


def test_a_read_whose_worker_was_killed_is_done_by_the_next_one(script, worker, grades_file, enroll_in_run):
    enroll_in_run("old", user=UserFactory())
    job_id = script.get("v1/programs/masters-in-cs/courses/TOY-1/grades")["job_id"]
    with worker():
        script.wait_for(job_id, "In Progress")
    grades_file.write_text("good")

    with worker():
        assert script.wait_for(job_id, "Succeeded", "Failed")["state"] == "Succeeded"


def test_of_two_uploads_at_once_one_is_done_and_the_other_refused(script, worker):
    barrier = threading.Barrier(2)
    answers = []

    def send(student_key):
        barrier.wait()
        content = f"student_key,status\n{student_key},enrolled\n".encode()
        response = script.upload("v1/programs/masters-in-cs/enrollments/upload", content)
        answers.append((response.status_code, response.json()))

    threads = [threading.Thread(target=send, args=(key,)) for key in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    answers.sort(key=str)
    assert [status for status, _ in answers] == [202, 409]
    assert answers[1][1] == "Job already in progress for program"
    with worker():
        assert script.wait_for(answers[0][1]["job_id"], "Succeeded")["text"] == "200"
    assert ProgramEnrollment.objects.count() == 1
    assert not ProgramCourseEnrollment.objects.exists()
