"""The endpoints of imports and exports (imports page)."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.functional import cached_property
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.service import Program
from imports import service
from imports.constants import ExportFormat
from imports.rest_api import schema
from imports.rest_api.errors import ImportNotFound, exception_handler
from imports.rest_api.filters import CourseExportFilters, ProgramExportFilters, RowFilters
from imports.rest_api.pagination import ImportPagination, ImportRowPagination
from imports.rest_api.permissions import MayImport
from imports.rest_api.serializers import ImportRowSerializer, ImportSerializer, UndoSerializer, read_options
from imports.rest_api.uploads import Upload, bound_form, receive_upload
from imports.service import Import
from program_enrollments import api
from program_enrollments.rest_api.v1.bodies import read_json
from program_enrollments.rest_api.v1.fields import parse_uuid
from program_enrollments.rest_api.v1.filters import read_filters
from program_enrollments.rest_api.v1.idempotency import idempotent
from program_enrollments.rest_api.v1.mixins import ApiViewSet, CourseRunViewSet, EnrollmentsViewSet, ProgramMixin
from tracing.service import get_request_id

CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.NDJSON: "application/x-ndjson; charset=utf-8",
}


class ImportViewSet(ApiViewSet):
    """What all views of imports have in common."""

    permission_classes = (MayImport,)

    def get_exception_handler(self) -> Any:
        return exception_handler

    def represent(self, item: Import) -> dict[str, Any]:
        return dict(ImportSerializer(service.get_import(item.pk), context={"request": self.request}).data)

    def accept(self, item: Import) -> Response:
        """Answer that an import was queued, or goes on."""
        return Response(self.represent(item), status=HTTPStatus.ACCEPTED)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == HTTPStatus.ACCEPTED:
            response["Location"] = response.data["links"]["self"]
        return response


class ProgramImportsViewSet(ProgramMixin, ImportViewSet):
    """The imports of a program."""

    pagination_class = ImportPagination
    parser_classes = (MultiPartParser,)
    upload: Upload

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # Before the check of CSRF tokens, which may read forms.
        bound_form(request)
        return super().initialize_request(request, *args, **kwargs)

    @schema.list_imports
    def list(self, request: Request, **kwargs: Any) -> Response:
        page = self.paginate_queryset(service.list_imports(self.program.uuid))
        return self.get_paginated_response(ImportSerializer(page, many=True, context={"request": request}).data)

    @schema.create_import
    def create(self, request: Request, **kwargs: Any) -> Response:
        self.upload = receive_upload(request)
        with self.upload.file:
            return self.import_once(request)

    def import_upload(self, request: Request) -> Response:
        item = service.create_import(
            program_uuid=self.program.uuid,
            file=self.upload.file,
            file_name=self.upload.file_name,
            content_type=self.upload.content_type,
            uploaded_by=self.caller,
            request_id=get_request_id(),
            **read_options(dict(request.query_params.lists()), self.upload.options),
        )
        return self.accept(item)

    import_once = idempotent(import_upload, describe_body=lambda view, request: view.upload.describe())


class OneImportViewSet(ImportViewSet):
    """For paths with an `{import_id}`."""

    @cached_property
    def item(self) -> Import:
        """The import of the path. Raises: ImportNotFound, for malformed ids too."""
        import_id = parse_uuid(self.kwargs["import_id"])
        if import_id is None:
            raise ImportNotFound
        return service.get_import(import_id)

    @cached_property
    def program(self) -> Program:
        """The program that the import is into."""
        return api.get_program(self.item.program_uuid)


class ImportsViewSet(OneImportViewSet):
    """An import, and what is decided about it."""

    @schema.get_import
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.represent(self.item))

    @schema.apply
    @idempotent
    def apply(self, request: Request, **kwargs: Any) -> Response:
        return self.accept(service.apply_import(self.item.pk))

    @schema.approve
    @idempotent
    def approve(self, request: Request, **kwargs: Any) -> Response:
        return self.accept(service.approve_import(self.item.pk, by=self.caller))

    @schema.discard
    @idempotent
    def discard(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.represent(service.discard_import(self.item.pk, by=self.caller)))

    @schema.cancel
    @idempotent
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        return self.accept(service.cancel_import(self.item.pk))

    @schema.undo
    @idempotent
    def undo(self, request: Request, **kwargs: Any) -> Response:
        serializer = UndoSerializer(data=read_json(request))
        serializer.is_valid(raise_exception=True)
        mode = serializer.validated_data["mode"]
        return self.accept(service.undo_import(self.item.pk, mode=mode, by=self.caller, request_id=get_request_id()))


@schema.rows
class ImportRowsViewSet(OneImportViewSet):
    """What each row of an import does."""

    pagination_class = ImportRowPagination

    def list(self, request: Request, **kwargs: Any) -> Response:
        outcomes = read_filters(RowFilters, request.query_params).get("outcome")
        page = self.paginate_queryset(service.list_rows(self.item, outcomes=outcomes))
        return self.get_paginated_response(ImportRowSerializer(page, many=True).data)


class AnyAcceptHeader(BaseContentNegotiation):
    """For downloads: there is one form of the file, and errors are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class DownloadMixin(APIView):
    """Sends files while they are written; their producer's failure breaks the connection off."""

    content_negotiation_class = AnyAcceptHeader

    def download(self, content: Iterator[bytes], name: str, fmt: str = ExportFormat.CSV) -> StreamingHttpResponse:
        response = StreamingHttpResponse(content, content_type=CONTENT_TYPES[ExportFormat(fmt)])
        response["Content-Disposition"] = f'attachment; filename="{name}.{fmt}"'
        return response


@schema.results
class ImportResultsViewSet(DownloadMixin, OneImportViewSet):
    """All rows of an import, as a file."""

    def retrieve(self, request: Request, **kwargs: Any) -> StreamingHttpResponse:
        return self.download(service.iter_results_csv(self.item), f"import-{self.item.pk}-results")


@schema.rejected
class ImportRejectedViewSet(DownloadMixin, OneImportViewSet):
    """The rejected rows of an import, as a file to be corrected and uploaded."""

    def retrieve(self, request: Request, **kwargs: Any) -> StreamingHttpResponse:
        return self.download(service.iter_rejected_csv(self.item), f"import-{self.item.pk}-rejected")


@schema.program_export
class ProgramExportViewSet(DownloadMixin, EnrollmentsViewSet):
    """A program's enrollments, as a file that an import takes."""

    def retrieve(self, request: Request, **kwargs: Any) -> StreamingHttpResponse:
        filters = read_filters(ProgramExportFilters, request.query_params)
        enrollments = api.fetch_program_enrollments(
            program_uuid=self.program.uuid,
            external_user_keys=filters.get("student_key"),
            program_enrollment_statuses=filters.get("status"),
            curriculum_uuids=filters.get("curriculum_uuid"),
            modified_since=filters.get("modified_since"),
            is_linked=filters.get("account_exists"),
        )
        content = service.export_program_enrollments(enrollments, filters["fmt"])
        return self.download(content, f"enrollments-{self.program.uuid}", filters["fmt"])


@schema.course_export
class CourseExportViewSet(DownloadMixin, CourseRunViewSet):
    """A program's enrollments in a course run, as a file that an import takes."""

    def retrieve(self, request: Request, **kwargs: Any) -> StreamingHttpResponse:
        filters = read_filters(CourseExportFilters, request.query_params)
        enrollments = api.fetch_program_course_enrollments(
            program_uuid=self.program.uuid,
            course_key=self.course_key,
            external_user_keys=filters.get("student_key"),
            statuses=filters.get("status"),
            curriculum_uuids=filters.get("curriculum_uuid"),
            modified_since=filters.get("modified_since"),
        )
        content = service.export_course_enrollments(enrollments, self.course_key, filters["fmt"])
        return self.download(content, f"course-enrollments-{self.program.uuid}", filters["fmt"])
