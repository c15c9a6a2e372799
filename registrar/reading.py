"""Read jobs: what a task does for those who have asked for a download."""

import logging
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any, cast
from uuid import UUID

from django.core.files import File
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey

from catalog.service import CatalogUnavailable, CourseRun, Program
from program_enrollments import api
from program_enrollments.exceptions import ProgramEnrollmentsError
from registrar.constants import RUNNING_STATES, JobOperation, JobState, ResultFormat, sum_up
from registrar.exceptions import NotInService
from registrar.models import Job
from registrar.programs import CourseRunFinder, list_active_runs, name_course_run
from registrar.results import write_csv, write_json

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 2000
GRADES_AT_ONCE = 100
Record = dict[str, Any]

PROGRAM_COLUMNS = ("student_key", "status", "account_exists")
NAME_COLUMNS = ("username", "email")
COURSE_COLUMNS = ("course_id", "student_key", "status", "account_exists")
GRADE_COLUMNS = ("student_key", "letter_grade", "percent", "passed", "error")


@dataclass(slots=True)
class Reading:
    """What a job reads. `fared` counts records, of which True did well, once they have been iterated."""

    columns: tuple[str, ...]
    records: Generator[Record]
    fared: Counter[bool] | None = None


def run_read_job(job_id: UUID) -> None:
    """Write the result of a read, unless it is written or the job is gone. A second time begins afresh.

    Whatever goes wrong is told in the job.
    """
    job = Job.objects.filter(pk=job_id, state__in=RUNNING_STATES, upload=None).first()
    if job is None:
        return
    _update(job, state=JobState.IN_PROGRESS)
    try:
        _write_result(job)
    except (ProgramEnrollmentsError, NotInService):
        _finish(job, JobState.FAILED, error="The program, or the course run, is not there any more.")
    except Exception as fault:
        # Whatever it is, clients wait for an end. The fault's own text may quote a row, and with it a learner.
        frames = "".join(traceback.format_tb(fault.__traceback__))
        logger.error("Job %s failed: %s.\n%s", job.pk, type(fault).__name__, frames)  # noqa: TRY400 -- see above
        told = "The catalog cannot be asked" if isinstance(fault, CatalogUnavailable) else "The service failed"
        _finish(job, JobState.FAILED, error=f"{told}; start the download again.")


def _write_result(job: Job) -> None:
    reading = READERS[JobOperation(job.operation)](job, api.get_program(job.program_uuid))
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file, closing(reading.records):
        if job.fmt == ResultFormat.CSV:
            write_csv(file, reading.columns, reading.records)
        else:
            write_json(file, reading.records)
        text = ""
        if reading.fared is not None:
            text = sum_up(good=reading.fared[True], bad=reading.fared[False])
            if not reading.fared.total() and job.fmt == ResultFormat.JSON:
                file.seek(0)
                file.write("{}")  # as long as the "[]" that it replaces; clients know no other sign of no data
        file.flush()
        file.seek(0)
        job.file.save(f"{job.pk}.{job.fmt}", File(cast(IO[bytes], file.buffer)), save=False)
    _finish(job, JobState.SUCCEEDED, file=job.file, text=text)


def _read_program_enrollments(job: Job, program: Program) -> Reading:
    names = ("user__username", "user__email") if job.with_names else ()
    rows = api.fetch_program_enrollments(program_uuid=program.uuid).values_list(
        "external_user_key", "status", "user_id", *names
    )

    def read() -> Generator[Record]:
        for student_key, status, user_id, *account in rows.iterator(ROWS_AT_ONCE):
            record = {"account_exists": user_id is not None, "status": status, "student_key": student_key}
            if job.with_names:
                username, email = account
                record = {
                    "account_exists": user_id is not None,
                    "email": email or "",
                    "status": status,
                    "student_key": student_key,
                    "username": username or "",
                }
            yield record

    return Reading(PROGRAM_COLUMNS + (NAME_COLUMNS if job.with_names else ()), read())


def _read_course_run_enrollments(job: Job, program: Program) -> Reading:
    run = _get_run(job, program)
    return Reading(_course_columns(job), _iter_course_run(job, program, run))


def _read_all_course_run_enrollments(job: Job, program: Program) -> Reading:
    runs = [run for _, run in list_active_runs(program)]
    return Reading(_course_columns(job), (record for run in runs for record in _iter_course_run(job, program, run)))


def _course_columns(job: Job) -> tuple[str, ...]:
    return (*COURSE_COLUMNS, "course_staff") if job.with_course_staff else COURSE_COLUMNS


def _iter_course_run(job: Job, program: Program, run: CourseRun) -> Generator[Record]:
    rows = api.fetch_program_course_enrollments(program_uuid=program.uuid, course_key=run.key)
    staff: tuple[str, ...] = ()
    if job.with_course_staff:
        rows = api.annotate_course_staff(rows)
        staff = ("is_course_staff",)
    course_id = name_course_run(run)
    values = rows.values_list("program_enrollment__external_user_key", "status", "program_enrollment__user_id", *staff)
    for student_key, status, user_id, *is_staff in cast(Iterator[tuple[Any, ...]], values.iterator(ROWS_AT_ONCE)):
        record = {
            "course_id": course_id,
            "student_key": student_key,
            "status": status,
            "account_exists": user_id is not None,
        }
        if is_staff:
            record["course_staff"] = is_staff[0]
        yield record


def _read_grades(job: Job, program: Program) -> Reading:
    run = _get_run(job, program)
    fared: Counter[bool] = Counter()

    def read() -> Generator[Record]:
        for grade in _iter_grades(program, run.key):
            fared[grade.error is None] += 1
            if grade.grade is None:
                yield {"student_key": grade.student_key, "letter_grade": None, "error": grade.error}
            else:
                yield {
                    "student_key": grade.student_key,
                    "letter_grade": grade.grade.letter_grade,
                    "percent": f"{grade.grade.percent:.3f}",
                    "passed": grade.grade.passed,
                }

    return Reading(GRADE_COLUMNS, read(), fared)


def _iter_grades(program: Program, course_key: CourseKey) -> Iterator[api.ProgramCourseGrade]:
    enrollments = api.fetch_program_course_enrollments(program_uuid=program.uuid, course_key=course_key, is_linked=True)
    last_id = 0
    while page := list(enrollments.filter(pk__gt=last_id)[:GRADES_AT_ONCE]):
        yield from api.iter_program_course_grades(course_key=course_key, enrollments=page)
        last_id = page[-1].pk


def _get_run(job: Job, program: Program) -> CourseRun:
    run = CourseRunFinder(program).find(job.course_key)
    if run is None:
        raise NotInService
    return run


READERS: dict[JobOperation, Callable[[Job, Program], Reading]] = {
    JobOperation.LIST_PROGRAM_ENROLLMENTS: _read_program_enrollments,
    JobOperation.LIST_COURSE_RUN_ENROLLMENTS: _read_course_run_enrollments,
    JobOperation.LIST_ALL_COURSE_RUN_ENROLLMENTS: _read_all_course_run_enrollments,
    JobOperation.GET_COURSE_RUN_GRADES: _read_grades,
}


def _finish(job: Job, state: JobState, **fields: object) -> None:
    _update(job, state=state, finished_at=timezone.now(), **fields)


def _update(job: Job, **fields: object) -> None:
    for name, value in fields.items():
        setattr(job, name, value)
    job.save(update_fields=[*fields, "modified"])
