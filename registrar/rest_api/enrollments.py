"""Enrollments: downloads, writes, uploads; and grades."""

import json
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError, PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from access.service import Scope
from imports.rest_api.uploads import Upload, bound_form
from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.rest_api.exceptions import LengthRequired
from program_enrollments.rest_api.v1.bodies import is_chunked
from program_enrollments.rest_api.v1.idempotency import idempotent
from program_enrollments.rest_api.v1.mixins import change_source
from registrar.constants import MAX_UPLOAD_BYTES, ApiPermission, JobOperation
from registrar.exceptions import InvalidRequest
from registrar.flags import may_manage_course_staff, may_see_names
from registrar.jobs import start_read_job
from registrar.rest_api import schema
from registrar.rest_api.base import CourseRunView, ProgramView, accept_job, read_format
from registrar.rest_api.errors import TooManyRecords, UploadTooLarge
from registrar.rest_api.parsers import JSONParser, UnreadFormParser, UnreadMultiPartParser
from registrar.uploads import start_upload_job
from registrar.writing import Enrollment, sum_up_outcomes, write_course_enrollments, write_program_enrollments
from tracing.service import get_request_id

FILE_FIELD = "file"
COURSE_STAFF = "course_staff"
READ_AND_WRITE = {
    "GET": ApiPermission.READ_ENROLLMENTS,
    "POST": ApiPermission.WRITE_ENROLLMENTS,
    "PATCH": ApiPermission.WRITE_ENROLLMENTS,
}


class ReadJobMixin(ProgramView):
    """GET starts a read job; HEAD is answered alike, and starts none."""

    operation: ClassVar[JobOperation]

    def start(self, request: Request, **options: Any) -> Response:
        fmt = read_format(request)
        if request.method == "HEAD":
            return Response(status=HTTPStatus.ACCEPTED)
        job = start_read_job(operation=self.operation, program=self.program, user=self.caller, fmt=fmt, **options)
        return accept_job(self, job)


def describe_body(view: Any, request: Request) -> str:
    return json.dumps(request.data, sort_keys=True, default=str)


class WriteMixin(ProgramView):
    """POST creates, PATCH updates: records in, a map of outcomes out."""

    parser_classes = (JSONParser, UnreadFormParser, UnreadMultiPartParser)

    def write(self, request: Request, action: WriteAction) -> Response:
        outcomes = self.write_records(action, self.read_records(request.data), change_source(request))
        return Response(outcomes, status=int(sum_up_outcomes(outcomes)))

    def write_records(
        self, action: WriteAction, records: Sequence[Enrollment], source: api.ChangeSource
    ) -> dict[str, str]:
        """Write well-formed records. Returns: {student key: outcome}, by student key."""
        raise NotImplementedError

    def read_records(self, body: Any) -> list[Enrollment]:
        """Raises: LengthRequired; InvalidRequest; TooManyRecords; PermissionDenied."""
        if is_chunked(self.request):
            raise LengthRequired
        if not isinstance(body, list):
            raise InvalidRequest("expected request body type: List")
        if len(body) > settings.MAX_RECORDS_PER_WRITE:
            raise TooManyRecords(settings.MAX_RECORDS_PER_WRITE)
        return [self.read_record(record) for record in body]

    def read_record(self, record: Any) -> Enrollment:
        if not isinstance(record, dict):
            raise InvalidRequest("expected items in request to be of type Dict")
        for name in ("student_key", "status"):
            if not isinstance(record.get(name), str):
                raise InvalidRequest(f'expected request dicts to have string value for "{name}"')
        return Enrollment(record["student_key"], record["status"])


class ProgramEnrollmentsView(WriteMixin, ReadJobMixin):
    """The enrollments in a program."""

    needs = READ_AND_WRITE
    operation = JobOperation.LIST_PROGRAM_ENROLLMENTS

    @schema.read_program_enrollments
    def get(self, request: Request, **kwargs: Any) -> Response:
        return self.start(request, with_names=may_see_names(request._request))

    @schema.create_program_enrollments
    @partial(idempotent, describe_body=describe_body)
    def post(self, request: Request, **kwargs: Any) -> Response:
        return self.write(request, WriteAction.CREATE)

    @schema.update_program_enrollments
    @partial(idempotent, describe_body=describe_body)
    def patch(self, request: Request, **kwargs: Any) -> Response:
        return self.write(request, WriteAction.UPDATE)

    def write_records(
        self, action: WriteAction, records: Sequence[Enrollment], source: api.ChangeSource
    ) -> dict[str, str]:
        return write_program_enrollments(self.program, action, records, source)


class CourseRunEnrollmentsView(WriteMixin, ReadJobMixin, CourseRunView):
    """The enrollments in a course run through a program."""

    needs = READ_AND_WRITE
    operation = JobOperation.LIST_COURSE_RUN_ENROLLMENTS

    @schema.read_course_run_enrollments
    def get(self, request: Request, **kwargs: Any) -> Response:
        return self.start(request, run=self.run, with_course_staff=may_manage_course_staff(request._request))

    @schema.create_course_run_enrollments
    @partial(idempotent, describe_body=describe_body)
    def post(self, request: Request, **kwargs: Any) -> Response:
        return self.write(request, WriteAction.CREATE)

    @schema.update_course_run_enrollments
    @partial(idempotent, describe_body=describe_body)
    def patch(self, request: Request, **kwargs: Any) -> Response:
        return self.write(request, WriteAction.UPDATE)

    def read_record(self, record: Any) -> Enrollment:
        read = super().read_record(record)
        course_staff = record.get(COURSE_STAFF)
        if course_staff is None:
            return read
        if not isinstance(course_staff, bool):
            raise InvalidRequest(f'expected request dicts to have boolean value for "{COURSE_STAFF}"')
        if not may_manage_course_staff(self.request._request):
            raise PermissionDenied(f'"{COURSE_STAFF}" not accepted since role assignment is not enabled')
        return Enrollment(read.student_key, read.status, course_staff)

    def write_records(
        self, action: WriteAction, records: Sequence[Enrollment], source: api.ChangeSource
    ) -> dict[str, str]:
        return write_course_enrollments(self.program, self.run, action, records, source)


class AllCourseRunEnrollmentsView(ReadJobMixin):
    """The enrollments in all course runs of a program."""

    needs = {"GET": ApiPermission.READ_ENROLLMENTS}  # noqa: RUF012 -- a constant
    operation = JobOperation.LIST_ALL_COURSE_RUN_ENROLLMENTS

    @schema.read_all_course_run_enrollments
    def get(self, request: Request, **kwargs: Any) -> Response:
        return self.start(request, with_course_staff=may_manage_course_staff(request._request))


class GradesView(ReadJobMixin, CourseRunView):
    """The grades in a course run."""

    needs = {"GET": ApiPermission.READ_ENROLLMENTS}  # noqa: RUF012 -- a constant
    scope = Scope.GRADES_READ
    operation = JobOperation.GET_COURSE_RUN_GRADES

    @schema.read_grades
    def get(self, request: Request, **kwargs: Any) -> Response:
        return self.start(request, run=self.run)


class UploadView(ProgramView):
    """Takes a file of enrollments, of which each is created or updated."""

    needs = {"POST": ApiPermission.WRITE_ENROLLMENTS}  # noqa: RUF012 -- a constant
    scope = Scope.IMPORTS_WRITE
    parser_classes = (MultiPartParser,)
    operation: ClassVar[JobOperation]
    upload: Upload

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # Before the check of CSRF tokens, which may read forms.
        bound_form(request)
        return super().initialize_request(request, *args, **kwargs)

    def take(self, request: Request) -> Response:
        if is_chunked(request):
            raise LengthRequired
        # The media type is judged where the form is read.
        request.data  # noqa: B018 -- see above
        file = request.FILES.get(FILE_FIELD)
        if file is None:
            raise ParseError("No file content uploaded")
        if file.size > MAX_UPLOAD_BYTES:
            raise UploadTooLarge
        self.upload = Upload(cast(Any, file), "", "")
        with file:
            return self.import_once(request)

    def import_upload(self, request: Request) -> Response:
        job = start_upload_job(
            operation=self.operation,
            program=self.program,
            file=cast(Any, self.upload.file),
            user=self.caller,
            with_course_staff=may_manage_course_staff(request._request),
            request_id=get_request_id(),
        )
        return accept_job(self, job)

    import_once = idempotent(import_upload, describe_body=lambda view, request: view.upload.describe())


class ProgramUploadView(UploadView):
    """A file of program enrollments."""

    operation = JobOperation.WRITE_PROGRAM_ENROLLMENTS

    @schema.upload_program_enrollments
    def post(self, request: Request, **kwargs: Any) -> Response:
        return self.take(request)


class CourseUploadView(UploadView):
    """A file of enrollments in course runs of the program."""

    operation = JobOperation.WRITE_COURSE_RUN_ENROLLMENTS

    @schema.upload_course_enrollments
    def post(self, request: Request, **kwargs: Any) -> Response:
        return self.take(request)
