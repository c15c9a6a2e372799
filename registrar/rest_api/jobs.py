"""Jobs, and the files that they leave."""

from typing import Any

from django.http import FileResponse
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from imports.rest_api.views import AnyAcceptHeader
from program_enrollments.rest_api.v1.fields import parse_uuid
from registrar.constants import UPLOADS, JobState, ResultFormat
from registrar.jobs import JobStatus, get_job_status, list_running_jobs, may_fetch_result, may_see
from registrar.links import check_link, sign_link
from registrar.models import Job
from registrar.rest_api import schema
from registrar.rest_api.base import RegistrarView, download
from registrar.uploads import iter_upload_result

CONTENT_TYPES = {ResultFormat.CSV: "text/csv; charset=utf-8", ResultFormat.JSON: "application/json"}
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def describe_job(view: RegistrarView, status: JobStatus) -> dict[str, Any]:
    job = status.job
    return {
        "job_id": str(job.pk),
        "name": job.name,
        "created": status.created.strftime(TIME_FORMAT),
        "state": status.state.value,
        "result": link_to_result(view, job) if status.state == JobState.SUCCEEDED else None,
        "text": status.text,
        "error": status.error,
    }


def link_to_result(view: RegistrarView, job: Job) -> str:
    name = f"{job.pk}.{job.fmt}"
    url = reverse(f"registrar_{view.kwargs['version']}:result", kwargs={"name": name}, request=view.request)
    return f"{url}?token={sign_link(name, user_id=view.caller.pk)}"


class JobsView(RegistrarView):
    """The caller's jobs that are not done."""

    @schema.jobs
    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response([describe_job(self, status) for status in list_running_jobs(self.caller)])


class JobView(RegistrarView):
    """A job."""

    @schema.job
    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(describe_job(self, get_status(self, self.kwargs["job_id"])))


class ResultView(RegistrarView):
    """The file that a job has left, for the account that the link was made for, while it may see such a file."""

    content_negotiation_class = AnyAcceptHeader

    def get(self, request: Request, **kwargs: Any) -> FileResponse:
        name = self.kwargs["name"]
        check_link(request.query_params.get("token", ""), name, user_id=self.caller.pk)
        status = get_status(self, name.partition(".")[0])
        job = status.job
        if not may_fetch_result(job, self.access):
            raise PermissionDenied
        if status.state != JobState.SUCCEEDED:
            raise NotFound
        return download(self.open_result(job), name, CONTENT_TYPES[ResultFormat(job.fmt)])

    def open_result(self, job: Job) -> Any:
        try:
            file = job.file.open("rb")
        except FileNotFoundError as fault:
            raise NotFound from fault
        if job.operation in UPLOADS:
            file.close()  # it is read anew once the answer has begun, too late for a 404
            return iter_upload_result(job)
        return file


def get_status(view: RegistrarView, job_id: str) -> JobStatus:
    """Return how the job fares. Raises: NotFound; PermissionDenied: it is somebody else's."""
    uuid = parse_uuid(job_id)
    if uuid is None or str(uuid) != job_id:  # jobs have one spelling
        raise NotFound
    status = get_job_status(uuid)
    if not may_see(status.job, view.caller, view.access):
        raise PermissionDenied
    return status
