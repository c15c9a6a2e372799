"""What the OpenAPI description says of imports and exports."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiRequest,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers

from imports.rest_api.filters import CourseExportFilters, ProgramExportFilters, RowFilters
from imports.rest_api.pagination import ImportPagination, ImportRowPagination
from imports.rest_api.serializers import (
    ImportOptionsSerializer,
    ImportRowSerializer,
    ImportSerializer,
    UndoSerializer,
)
from program_enrollments.rest_api.schema import count_of, error
from program_enrollments.rest_api.v1.schema import (
    BAD_CURSOR,
    BAD_PARAMETER,
    COURSE_ID,
    CURSOR,
    FORBIDDEN,
    NO_COURSE,
    NO_LIST,
    NO_PROGRAM,
    NOT_AUTHENTICATED,
    PROGRAM_UUID,
    Page,
    answer,
    page_size,
)

Method = TypeVar("Method", bound=Callable[..., Any])

IMPORTS, EXPORTS = "Imports", "Exports"

IMPORT_ID = OpenApiParameter("import_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The import.")
NO_IMPORT = error("There is no such import, or it is kept no longer.", "import_does_not_exist")
CONFLICT = error("The state of the import does not allow this.", "import_state_conflict")

BASE = "https://enrollments.example.edu/api/program_enrollments/v1/"
IMPORT_EXAMPLE = {
    "id": "8f2f7c0e-6a2e-4f0c-9c0e-6f4a3c5d7b21",
    "program_uuid": "5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11",
    "kind": "program_enrollments",
    "action": "upsert",
    "mode": "apply",
    "atomic": False,
    "snapshot": True,
    "drop_status": "canceled",
    "max_drop": None,
    "scope_active": 48210,
    "state": "applying",
    "created": "2026-11-23T02:00:00Z",
    "started": "2026-11-23T02:00:01Z",
    "planned": "2026-11-23T02:00:04Z",
    "finished": None,
    "progress": {"rows_total": 50000, "rows_done": 21000, "rows_per_second": 9130.4, "place_in_queue": None},
    "counts": {"create": 1790, "update": 512, "unchanged": 47686, "drop": 9, "reject": 3},
    "file": {"name": "roster.csv", "encoding": "utf-8-sig", "delimiter": ";", "unknown_columns": ["Surname"]},
    "error": None,
    "uploaded_by": "ucdavis-sis",
    "decided_by": None,
    "undoes": None,
    "undone_by": None,
    "links": {
        "self": f"{BASE}imports/8f2f7c0e-6a2e-4f0c-9c0e-6f4a3c5d7b21/",
        "rows": f"{BASE}imports/8f2f7c0e-6a2e-4f0c-9c0e-6f4a3c5d7b21/rows/",
        "results": f"{BASE}imports/8f2f7c0e-6a2e-4f0c-9c0e-6f4a3c5d7b21/results.csv",
        "rejected": f"{BASE}imports/8f2f7c0e-6a2e-4f0c-9c0e-6f4a3c5d7b21/rejected.csv",
    },
}
ROW_EXAMPLES = [
    {
        "line": 2,
        "student_key": "S-1001",
        "curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1",
        "course_id": None,
        "status": "enrolled",
        "course_staff": None,
        "outcome": "update",
        "before": {"status": "pending"},
        "after": {"status": "enrolled"},
        "result": "enrolled",
        "error": None,
    },
    {
        "line": 3,
        "student_key": "S-1002",
        "curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1",
        "course_id": None,
        "status": "enroled",
        "course_staff": None,
        "outcome": "reject",
        "before": None,
        "after": None,
        "result": "invalid-status",
        "error": {
            "code": "invalid-status",
            "column": "status",
            "message": "The status is not one of those that can be set.",
            "hint": "Program enrollments can be enrolled, pending, suspended, canceled or ended; course enrollments"
            " can be active or inactive.",
        },
    },
]
CSV_EXAMPLE = "student_key,status,curriculum_uuid\nS-1001,enrolled,3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1\n"


@extend_schema_serializer(many=False)
class ImportPage(Page):
    results = ImportSerializer(many=True)


@extend_schema_serializer(many=False)
class ImportRowPage(Page):
    results = ImportRowSerializer(many=True)


class ImportFormSerializer(ImportOptionsSerializer):
    file = serializers.FileField(help_text="The file, under its name.")


def file_answer(description: str, example: str, *media_types: str) -> dict[Any, Any]:
    return {
        (200, media_type): OpenApiResponse(
            OpenApiTypes.STR,
            description=description,
            examples=[OpenApiExample("Example", value=example)] if media_type == "text/csv" else [],
        )
        for media_type in media_types
    }


def decision(
    operation_id: str,
    summary: str,
    text: str,
    *,
    status: int = 202,
    request: Any = None,
    forbidden: OpenApiResponse = FORBIDDEN[403],
    conflict: OpenApiResponse = CONFLICT,
) -> Callable[[Method], Method]:
    """Describe a POST that decides about an import."""
    described: Callable[[Method], Method] = extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=text,
        tags=[IMPORTS],
        parameters=[IMPORT_ID],
        request=request,
        responses={
            status: answer(ImportSerializer, "The import.", IMPORT_EXAMPLE),
            **NOT_AUTHENTICATED,
            403: forbidden,
            404: NO_IMPORT,
            **NO_LIST,
            409: conflict,
        },
    )
    return described


list_imports = extend_schema(
    operation_id="list_imports",
    summary="List a program's imports",
    description=f"The latest first. {BAD_CURSOR}",
    tags=[IMPORTS],
    parameters=[PROGRAM_UUID, CURSOR, page_size(ImportPagination)],
    responses={
        200: answer(ImportPage, "A page of imports.", {"next": None, "previous": None, "results": [IMPORT_EXAMPLE]}),
        **NOT_AUTHENTICATED,
        **FORBIDDEN,
        404: NO_PROGRAM,
        **NO_LIST,
    },
)
create_import = extend_schema(
    operation_id="create_import",
    summary="Upload a roster",
    description="Send the file as the field `file` of a form, or as the whole body; as it is, or compressed with"
    " gzip. Options are query parameters, or fields of the form. The file is stored, and the import waits for its"
    " turn: follow it at the `Location`, every second or so, until its `state` is neither `queued`, `planning` nor"
    " `applying`. What is wrong with the file, or with rows of it, is told there.",
    tags=[IMPORTS],
    parameters=[PROGRAM_UUID, ImportOptionsSerializer],
    request={
        "multipart/form-data": ImportFormSerializer,
        "text/csv": OpenApiRequest(
            OpenApiTypes.STR, examples=[OpenApiExample("Program enrollments", value=CSV_EXAMPLE)]
        ),
        "application/x-ndjson": OpenApiTypes.STR,
        "application/gzip": OpenApiTypes.BINARY,
    },
    responses={
        202: OpenApiResponse(
            ImportSerializer,
            description="The import was queued.",
            examples=[OpenApiExample("Example", value=IMPORT_EXAMPLE)],
        ),
        400: error(
            "An option is wrong, the form has no file, or the body ended early; nothing was imported.",
            "invalid_option",
            "no_file",
            "body_cut_off",
        ),
        **NOT_AUTHENTICATED,
        **FORBIDDEN,
        404: NO_PROGRAM,
        **NO_LIST,
        411: error("A form came in chunks, without Content-Length.", "length_required"),
        413: error("The file has too many bytes.", "file_too_large"),
        415: error(
            "The body is neither a form nor a file that can be read.",
            "unsupported_media_type",
            "unsupported_content_encoding",
        ),
        503: error(
            "The service has no space left; nothing was imported. Wait as many seconds as `Retry-After` says.",
            "storage_full",
        ),
    },
)

get_import = extend_schema(
    operation_id="get_import",
    summary="Follow an import",
    description="`queued`, `planning` and `applying` go on by themselves; `planned` (a preview) and `held` (a mass"
    " change) wait for a decision; the others are ends.",
    tags=[IMPORTS],
    parameters=[IMPORT_ID],
    responses={
        200: answer(ImportSerializer, "The import.", IMPORT_EXAMPLE),
        **NOT_AUTHENTICATED,
        **FORBIDDEN,
        404: NO_IMPORT,
        **NO_LIST,
    },
)
apply = decision(
    "apply_import",
    "Apply a preview, or resume an import that failed",
    "What the preview has shown is what is applied: if rows have changed since, it is refused as `plan_stale`,"
    " with the `lines` of some of them, and the `student_keys` of learners who are not in the file.",
    conflict=error(
        "The state of the import does not allow this, or rows have changed since the preview.",
        "import_state_conflict",
        "plan_stale",
    ),
)
approve = decision(
    "approve_import",
    "Let a held import go on",
    "By somebody other than the one who uploaded it, or by staff.",
    forbidden=error(
        "The caller has no access to the program, or uploaded the file.",
        "permission_denied",
        "second_person_needed",
    ),
)
discard = decision(
    "discard_import",
    "End a held import, or a preview, without applying it",
    "A held one by somebody other than the one who uploaded it, or by staff.",
    status=200,
    forbidden=error(
        "The caller has no access to the program, or uploaded the file.",
        "permission_denied",
        "second_person_needed",
    ),
)
cancel = decision(
    "cancel_import",
    "Stop an import",
    "It stops within seconds. What was applied until then stands; `progress` and `rows` tell it.",
)
undo = decision(
    "undo_import",
    "Undo an import",
    "Queues another import, which puts back what this one changed; rows that were changed since are its rejects."
    f" Possible for {count_of(settings.IMPORT_KEPT_DAYS, 'day')}.",
    request=UndoSerializer,
)

rows = extend_schema_view(
    list=extend_schema(
        operation_id="list_import_rows",
        summary="List what each row of an import does",
        description=f"In the order of the file; learners whom a snapshot drops come last. {BAD_CURSOR}",
        tags=[IMPORTS],
        parameters=[IMPORT_ID, RowFilters, CURSOR, page_size(ImportRowPagination)],
        responses={
            200: answer(ImportRowPage, "A page of rows.", {"next": None, "previous": None, "results": ROW_EXAMPLES}),
            **BAD_PARAMETER,
            **NOT_AUTHENTICATED,
            **FORBIDDEN,
            404: NO_IMPORT,
            **NO_LIST,
        },
    )
)


def import_file(operation_id: str, summary: str, text: str, example: str) -> Any:
    return extend_schema_view(
        retrieve=extend_schema(
            operation_id=operation_id,
            summary=summary,
            description=text,
            tags=[IMPORTS],
            parameters=[IMPORT_ID],
            responses={
                **file_answer("The file.", example, "text/csv"),
                **NOT_AUTHENTICATED,
                **FORBIDDEN,
                404: NO_IMPORT,
            },
        )
    )


results = import_file(
    "download_import_results",
    "Download what became of all rows",
    "One line for each row of the file, in its order.",
    "line,student_key,curriculum_uuid,status,outcome,result,status_before,error_code,error_column,error_message,"
    "error_hint\n2,S-1001,3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1,enrolled,update,enrolled,pending,,,,\n",
)
rejected = import_file(
    "download_rejected_rows",
    "Download the rejected rows",
    "The rows as they were uploaded, with why they were rejected. Correct them, and upload the file as it is.",
    "student_key,status,error_code,error_message\n"
    "S-1002,enroled,invalid-status,The status is not one of those that can be set.\n",
)


def export(operation_id: str, summary: str, parameters: list[Any], example: str, not_found: OpenApiResponse) -> Any:
    return extend_schema_view(
        retrieve=extend_schema(
            operation_id=operation_id,
            summary=summary,
            description="All enrollments with a student key, in the columns that an import takes: imported unchanged,"
            " every row is `unchanged`. A connection that breaks off means that the file is not complete.",
            tags=[EXPORTS],
            parameters=parameters,
            responses={
                **file_answer("The file.", example, "text/csv", "application/x-ndjson"),
                **BAD_PARAMETER,
                **NOT_AUTHENTICATED,
                **FORBIDDEN,
                404: not_found,
            },
        )
    )


program_export = export(
    "export_program_enrollments",
    "Export a program's enrollments",
    [PROGRAM_UUID, ProgramExportFilters],
    CSV_EXAMPLE,
    NO_PROGRAM,
)
course_export = export(
    "export_program_course_enrollments",
    "Export a program's enrollments in a course run",
    [PROGRAM_UUID, COURSE_ID, CourseExportFilters],
    "course_id,student_key,status,course_staff\ncourse-v1:edX+ToyX+2026_T1,S-1001,active,false\n",
    NO_COURSE,
)
