"""A school with a Masters program, and people who ask about it by Registrar's API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    OrganizationFactory,
    ProgramFactory,
)
from tests.factories.learners import RUN_KEY
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory

API = "/api/v1/"


@pytest.fixture(autouse=True)
def _files_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def school(db):
    return OrganizationFactory(key="STEMx")


@pytest.fixture
def course(db):
    return CourseFactory(key="edX+ToyX", title="Toys")


@pytest.fixture
def course_run(course):
    return CourseRunFactory(course=course, key=RUN_KEY, external_key="TOY-1", title="Toys, first run")


@pytest.fixture
def curriculum(school, course, course_run):
    program = ProgramFactory(
        key="masters-in-cs", title="MS in CS", marketing_url="https://www.example.edu/cs", organizations=[school]
    )
    return CurriculumFactory(program=program, courses=[course])


@pytest.fixture
def program(curriculum):
    return curriculum.program


@pytest.fixture
def program_path(program):
    return f"{API}programs/{program.key}"


@pytest.fixture
def run_path(program_path, course_run):
    return f"{program_path}/courses/{course_run.key}"


@pytest.fixture
def writer(make_client):
    return make_client("writer", username="writer")


@pytest.fixture
def reader(make_client):
    return make_client("reader", username="reader")


@pytest.fixture
def work():
    """Do what waits in the queue, as a worker does."""

    def work():
        while task := DBTaskResult.objects.ready().first():
            task.claim("a-worker")
            runner.run_task(task)

    runner = Worker(
        queue_names=["*"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="a-worker",
        excluded_queue_names=[],
    )
    return work


@pytest.fixture
def read_result(work):
    """Start a read, do it, and return how the job fares and the content of its file."""

    def read_result(client, path):
        started = client.get(path)
        assert started.status_code == 202, started.content
        work()
        return fetch(client, started.json()["job_id"])

    return read_result


@pytest.fixture
def upload(work):
    """Upload lines, import them, and return how the job fares and the lines of its result."""

    def upload(client, path, *lines):
        started = send_file(client, path, "".join(f"{line}\n" for line in lines).encode())
        assert started.status_code == 202, started.content
        work()
        job, content = fetch(client, started.json()["job_id"])
        return job, content.splitlines()

    return upload


def fetch(client, job_id):
    """Return what the job tells, and the text of its result ("" while there is none)."""
    job = client.get(f"{API}jobs/{job_id}").json()
    if job["result"] is None:
        return job, ""
    response = client.get(job["result"])
    assert response.status_code == 200, response.content
    return job, b"".join(response.streaming_content).decode()


def try_link(client, link):
    """Return the status of the answer, and close the file that may come with it."""
    response = client.get(link)
    if response.streaming:
        b"".join(response.streaming_content)
    return response.status_code


def send_file(client, path, content=b"", name="roster.csv", **fields):
    return client.post(path, {"file": SimpleUploadedFile(name, content), **fields}, format="multipart")


@pytest.fixture
def enroll_in_run(enroll, course_run):
    def enroll_in_run(student_key, status="active", course_key=course_run.key, **fields):
        return ProgramCourseEnrollmentFactory(
            program_enrollment=enroll(student_key, **fields), course_key=course_key, status=status
        )

    return enroll_in_run
