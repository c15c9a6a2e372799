"""Jobs as their owners know them: starting reads, and telling how a job fares."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from access.service import ProgramAccess, Scope
from catalog.service import CourseRun, Program, get_catalog
from imports.constants import ALL_ROWS_REJECTED, APPLIED_STATES, RUNNABLE_STATES, ImportState, RowOutcome
from imports.service import Import
from learners.service import User
from registrar import tasks
from registrar.constants import RUNNING_STATES, UPLOADS, ApiPermission, JobOperation, JobState, ResultFormat, sum_up
from registrar.exceptions import NotInService
from registrar.models import Job
from registrar.programs import holds_permission

INTERRUPTED = "The job was interrupted; start it again."
STATE_OF_UPLOAD = {
    ImportState.QUEUED: JobState.PENDING,
    ImportState.PLANNING: JobState.IN_PROGRESS,
    ImportState.PLANNED: JobState.IN_PROGRESS,
    ImportState.HELD: JobState.IN_PROGRESS,
    ImportState.APPLYING: JobState.IN_PROGRESS,
    ImportState.APPLIED: JobState.SUCCEEDED,
    ImportState.APPLIED_WITH_ERRORS: JobState.SUCCEEDED,
    ImportState.UNDONE: JobState.SUCCEEDED,
    ImportState.REJECTED: JobState.FAILED,
    ImportState.FAILED: JobState.FAILED,
    ImportState.CANCELED: JobState.CANCELED,
    ImportState.DISCARDED: JobState.CANCELED,
}


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How a job fares. `text` is None until it ended well, and for reads of enrollments; `error` says why it failed."""

    job: Job
    created: datetime
    state: JobState
    text: str | None = None
    error: str | None = None


def start_read_job(
    *,
    operation: JobOperation,
    program: Program,
    user: User,
    fmt: ResultFormat,
    run: CourseRun | None = None,
    with_names: bool = False,
    with_course_staff: bool = False,
) -> Job:
    """Queue a read for a worker. `run`: the course run that is read, for operations on one."""
    with transaction.atomic():
        job = Job.objects.create(
            operation=operation,
            program_uuid=program.uuid,
            program_key=program.key,
            course_key="" if run is None else str(run.key),
            fmt=fmt,
            with_names=with_names,
            with_course_staff=with_course_staff,
            created_by=user,
        )
        job.task_id = UUID(tasks.read.enqueue(str(job.pk)).id)
        job.save(update_fields=["task_id"])
    return job


def get_job_status(job_id: UUID) -> JobStatus:
    """Return how the job fares. Raises: NotInService."""
    job = _with_details().filter(pk=job_id).first()
    if job is None:
        raise NotInService
    return _tell_status(job)


def list_running_jobs(user: User) -> list[JobStatus]:
    """Return the account's own jobs that wait or run, the first started first. One query."""
    is_running_read = Q(upload=None, state__in=RUNNING_STATES, has_task=True)
    jobs = _with_details().filter(is_running_read | Q(upload__state__in=RUNNABLE_STATES), created_by=user)
    return [_tell_status(job) for job in jobs.order_by("created", "id")]


def may_see(job: Job, user: User, access: ProgramAccess) -> bool:
    """Tell whether the account may know of the job: its owner, and staff."""
    return job.created_by_id == user.pk or access.is_unlimited


def may_fetch_result(job: Job, access: ProgramAccess) -> bool:
    """Tell whether the caller still holds what starting the job took."""
    program = get_catalog().find_program(job.program_uuid)
    permission = ApiPermission.WRITE_ENROLLMENTS if job.operation in UPLOADS else ApiPermission.READ_ENROLLMENTS
    scope = get_scope_of_operation(JobOperation(job.operation))
    return program is not None and holds_permission(access, program, permission, scope)


def get_scope_of_operation(operation: JobOperation) -> Scope:
    """Return what a token must be good for, to start such a job."""
    if operation in UPLOADS:
        return Scope.IMPORTS_WRITE
    return Scope.GRADES_READ if operation == JobOperation.GET_COURSE_RUN_GRADES else Scope.ENROLLMENTS_READ


def _with_details() -> "QuerySet[Job]":
    task = DBTaskResult.objects.filter(
        pk=OuterRef("task_id"), status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING]
    )
    # An upload whose import was deleted is as good as deleted itself.
    kept = ~Q(operation__in=UPLOADS) | Q(upload__isnull=False)
    return Job.objects.filter(kept).select_related("upload").annotate(has_task=Exists(task.order_by()))


def _tell_status(job: Job) -> JobStatus:
    if job.upload is not None:
        return _tell_upload(job, job.upload)
    if job.state in RUNNING_STATES and not job.has_task:  # type: ignore[attr-defined]  # annotated
        return JobStatus(job, job.created, JobState.FAILED, error=INTERRUPTED)
    return JobStatus(job, job.created, JobState(job.state), job.text or None, job.error or None)


def _tell_upload(job: Job, item: Import) -> JobStatus:
    is_carried_out = item.state in (*APPLIED_STATES, ImportState.UNDONE) or item.error_code == ALL_ROWS_REJECTED
    if not is_carried_out:
        state = STATE_OF_UPLOAD[ImportState(item.state)]
        error = item.error_message or None if state == JobState.FAILED else None
        return JobStatus(job, job.created, state, error=error)
    rejected = item.counts.get(RowOutcome.REJECT, 0)
    text = sum_up(good=item.rows_total - rejected, bad=rejected + job.rows_refused)
    return JobStatus(job, job.created, JobState.SUCCEEDED, text)
