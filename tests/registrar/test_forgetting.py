"""What Registrar's jobs forget of a learner, and what they keep until they have ended (docs/privacy.md)."""

from contextlib import closing

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, transaction
from django_tasks_db.models import DBTaskResult

from registrar.constants import JobOperation, ResultFormat
from registrar.forgetting import delete_jobs_that_name
from registrar.jobs import start_read_job
from registrar.models import Job
from tests.registrar.conftest import send_file

KEY, OTHER_KEY = 'né"e-4711', "sid-of-another"


@pytest.fixture
def forget(program):
    def forget(*student_keys, names=()):
        return delete_jobs_that_name({program.uuid}, set(student_keys), set(names))

    return forget


@pytest.fixture
def start_read(program, staff):
    def start_read():
        return start_read_job(
            operation=JobOperation.LIST_PROGRAM_ENROLLMENTS, program=program, user=staff, fmt=ResultFormat.CSV
        )

    return start_read


@pytest.fixture
def store_result(program):
    def store_result(content, **fields):
        return Job.objects.create(
            operation=JobOperation.LIST_PROGRAM_ENROLLMENTS,
            program_uuid=program.uuid,
            fmt=ResultFormat.CSV,
            state="Succeeded",
            file=ContentFile(content.encode(), name="x"),
            **fields,
        )

    return store_result


@pytest.mark.parametrize("content", [f"{KEY},enrolled", '"né""e-4711",enrolled', r'{"student_key": "n\u00e9\"e-4711"}'])
def test_a_result_that_names_a_learner_is_deleted_with_its_file(
    forget, store_result, content, django_capture_on_commit_callbacks
):
    job = store_result(content)

    with django_capture_on_commit_callbacks(execute=True):
        assert forget(KEY) == {}

    assert not Job.objects.exists()
    assert not job.file.storage.exists(job.file.name)


def test_a_result_that_names_an_account_is_deleted(forget, store_result):
    store_result("enrolled,jdoe")

    assert forget(names={"jdoe"}) == {}

    assert not Job.objects.exists()


def test_a_result_that_names_others_only_stays(forget, store_result):
    store_result(f"{OTHER_KEY},enrolled")

    forget(KEY)

    assert Job.objects.exists()


def test_a_read_under_way_may_name_anybody(forget, start_read):
    job = start_read()
    DBTaskResult.objects.get(pk=job.task_id).claim("a-worker")
    Job.objects.update(state="In Progress")

    assert forget(KEY, OTHER_KEY) == {f"download {job.pk}": {KEY, OTHER_KEY}}

    assert Job.objects.exists()


def test_a_read_that_has_not_begun_holds_up_nothing(forget, start_read):
    start_read()

    assert forget(KEY) == {}


def test_a_read_whose_worker_has_died_holds_up_nothing(forget, start_read):
    start_read()
    Job.objects.update(state="In Progress")

    assert forget(KEY) == {}


@pytest.mark.django_db(transaction=True)
def test_a_read_cannot_begin_while_learners_are_being_forgotten(forget, start_read):
    start_read()

    with transaction.atomic(), closing(connection.copy()) as other_connection:
        forget(KEY)
        with other_connection.cursor() as cursor, pytest.raises(OperationalError):
            cursor.execute("SET lock_timeout = '50ms'; UPDATE registrar_job SET state = 'In Progress'")


def test_an_upload_that_is_to_run_stays_and_is_told(forget, writer, program_path):
    content = f"student_key,status\r\n{OTHER_KEY},enrolled\r\nsid-refused,nonsense\r\n".encode()
    started = send_file(writer, f"{program_path}/enrollments/upload", content)
    assert started.status_code == 202, started.content

    assert forget("sid-refused", KEY) == {f"import {started.json()['job_id']}": {"sid-refused"}}

    assert Job.objects.exists()
