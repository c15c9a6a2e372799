"""Paths of the API, as clients write them, and rosters that are sent to them."""

import pytest

from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory

BASE = "/api/program_enrollments/v1/"


@pytest.fixture
def program_path(program):
    return f"{BASE}programs/{program.uuid}/"


@pytest.fixture
def imports_path(program_path):
    return f"{program_path}imports/"


@pytest.fixture
def writer_client(make_client):
    return make_client("writer", username="registrar")


@pytest.fixture
def reader_client(make_client):
    return make_client("reader", username="auditor")


@pytest.fixture
def send(writer_client, imports_path):
    """Send a CSV file as the body; options are query parameters."""

    def send(*lines, client=writer_client, content_type="text/csv", **options):
        query = "&".join(f"{name}={value}" for name, value in options.items())
        body = "".join(f"{line}\n" for line in lines).encode()
        return client.post(f"{imports_path}?{query}", body, content_type=content_type)

    return send


@pytest.fixture
def imported(send, run, writer_client):
    """Send a CSV file, run its import, and return what the API says of it."""

    def imported(*lines, **options):
        response = send(*lines, **options)
        assert response.status_code == 202, response.json()
        run()
        return writer_client.get(response["Location"]).json()

    return imported


@pytest.fixture
def decide(writer_client):
    """Send a decision about an import: `decide(item, "apply")`."""

    def decide(item, decision, client=writer_client, **body):
        return client.post(f"{BASE}imports/{item['id']}/{decision}/", body or None)

    return decide


@pytest.fixture
def enroll_in_run(enroll, course_run):
    def enroll_in_run(student_key, status="active", **fields):
        return ProgramCourseEnrollmentFactory(
            program_enrollment=enroll(student_key, **fields), course_key=course_run.key, status=status
        )

    return enroll_in_run
