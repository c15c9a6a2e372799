"""What the OpenAPI description says of imports and exports."""

from collections.abc import Callable, Mapping
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
from rest_framework.exceptions import UnsupportedMediaType

from access.service import Scope
from imports.exceptions import BodyCutOff, FileTooLarge, PlanStale
from imports.rest_api.errors import ImportNotFound, NoFile, StorageFull, UnknownContentEncoding
from imports.rest_api.filters import CourseExportFilters, ProgramExportFilters, RowFilters
from imports.rest_api.pagination import ImportPagination, ImportRowPagination
from imports.rest_api.permissions import READ_SCOPES, WRITE_SCOPES
from imports.rest_api.serializers import (
    ImportOptionsSerializer,
    ImportRowSerializer,
    ImportSerializer,
    UndoSerializer,
)
from program_enrollments.rest_api.exceptions import LengthRequired, ServiceUnavailable
from program_enrollments.rest_api.schema import count_of, error, malformed
from program_enrollments.rest_api.v1.schema import (
    BAD_CURSOR,
    BODY_TOO_LARGE,
    COURSE_ID,
    CURSOR,
    NO_COURSE,
    NO_JSON,
    NO_LIST,
    NO_PROGRAM,
    NOT_AUTHENTICATED,
    PROGRAM_UUID,
    UNREADABLE,
    Page,
    answer,
    bad_parameter,
    forbidden,
    page_example,
    page_size,
)

Method = TypeVar("Method", bound=Callable[..., Any])

IMPORTS, EXPORTS = "Imports", "Exports"

IMPORT_ID = OpenApiParameter("import_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The import.")
NO_IMPORT = error(
    "There is no such import, or it is kept no longer.", import_does_not_exist=ImportNotFound.default_detail
)
MAY_NOT_FOLLOW = forbidden(" or ".join(READ_SCOPES))
MAY_NOT_IMPORT = forbidden(" or ".join(WRITE_SCOPES))
MAY_NOT_DECIDE = forbidden(
    " or ".join(WRITE_SCOPES),
    "The caller has no access to the program, the token lacks the scope, or the caller uploaded the file.",
    second_person_needed="Somebody other than the one who uploaded the file decides about a held import.",
)
NOT_HELD = "The import is not held for a decision."
STALE = PlanStale([(3, "S-1002"), (None, "S-1009")])

BASE = "https://enrollments.example.edu/api/program_enrollments/v1/"


def links(import_id: str) -> dict[str, str]:
    item = f"{BASE}imports/{import_id}/"
    return {"self": item, "rows": f"{item}rows/", "results": f"{item}results.csv", "rejected": f"{item}rejected.csv"}


def progress(total: int = 0, done: int = 0, *, speed: float | None = None, place: int | None = None) -> dict[str, Any]:
    return {"rows_total": total, "rows_done": done, "rows_per_second": speed, "place_in_queue": place}


ID, ID_OF_UNDO = "8f2f7c0e-6a2e-4f0c-9c0e-6f4a3c5d7b21", "c1f0b7a2-3d64-4f5e-8a3c-0f8b7b1c9d45"
QUEUED: dict[str, Any] = {
    "id": ID,
    "program_uuid": "5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11",
    "kind": "program_enrollments",
    "action": "upsert",
    "mode": "apply",
    "atomic": False,
    "snapshot": True,
    "drop_status": "canceled",
    "max_drop": None,
    "scope_active": None,
    "state": "queued",
    "created": "2026-11-23T02:00:00Z",
    "started": None,
    "planned": None,
    "finished": None,
    "progress": progress(place=0),
    "counts": {"create": 0, "update": 0, "unchanged": 0, "drop": 0, "reject": 0},
    "file": {"name": "roster.csv", "encoding": "", "delimiter": "", "unknown_columns": []},
    "error": None,
    "uploaded_by": "ucdavis-sis",
    "decided_by": None,
    "undoes": None,
    "undone_by": None,
    "links": links(ID),
}
PREVIEW = QUEUED | {
    "mode": "preview",
    "scope_active": 48_210,
    "state": "planned",
    "started": "2026-11-23T02:00:01Z",
    "planned": "2026-11-23T02:00:04Z",
    "progress": progress(50_000),
    "counts": {"create": 1790, "update": 512, "unchanged": 47_686, "drop": 9, "reject": 3},
    "file": {"name": "roster.csv", "encoding": "utf-8-sig", "delimiter": ";", "unknown_columns": ["Surname"]},
}
STARTED = PREVIEW | {"mode": "apply", "state": "applying", "progress": progress(50_000, speed=0.0)}
APPLYING = STARTED | {"progress": progress(50_000, 21_000, speed=9130.4)}
APPLIED = STARTED | {
    "state": "applied_with_errors",
    "finished": "2026-11-23T02:00:10Z",
    "progress": progress(50_000, 50_000),
}
APPROVED = STARTED | {"max_drop": 5, "decided_by": "registrar"}
DISCARDED = PREVIEW | {"state": "discarded", "finished": "2026-11-23T08:10:00Z", "decided_by": "registrar"}
CANCELED = QUEUED | {
    "state": "canceled",
    "finished": "2026-11-23T02:00:00Z",
    "progress": progress(),
}
UNDO = QUEUED | {
    "id": ID_OF_UNDO,
    "action": "update",
    "snapshot": False,
    "drop_status": None,
    "created": "2026-11-23T08:15:00Z",
    "file": None,
    "uploaded_by": "registrar",
    "undoes": ID,
    "links": links(ID_OF_UNDO),
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
NDJSON_EXAMPLE = (
    '{"student_key": "S-1001", "status": "enrolled", "curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1"}\n'
)


@extend_schema_serializer(many=False)
class ImportPage(Page):
    results = ImportSerializer(many=True)


@extend_schema_serializer(many=False)
class ImportRowPage(Page):
    results = ImportRowSerializer(many=True)


class ImportFormSerializer(ImportOptionsSerializer):
    file = serializers.FileField(help_text="The file, under its name.")


def file_answer(examples: Mapping[str, str]) -> dict[Any, Any]:
    """Describe a download. `examples`: {media type: the file}."""
    return {
        (200, media_type): OpenApiResponse(
            OpenApiTypes.STR, description="The file.", examples=[OpenApiExample("Example", value=example)]
        )
        for media_type, example in examples.items()
    }


def import_answer(description: str, **examples: Mapping[str, Any]) -> OpenApiResponse:
    return OpenApiResponse(
        ImportSerializer,
        description=description,
        examples=[OpenApiExample(name, value=value) for name, value in examples.items()],
    )


def conflict(
    message: str, description: str = "The state of the import does not allow this.", **messages: Any
) -> OpenApiResponse:
    return error(description, import_state_conflict=message, **messages)


def decision(
    operation_id: str,
    summary: str,
    text: str,
    *,
    status: int = 202,
    examples: Mapping[str, Mapping[str, Any]],
    refusals: Mapping[int, OpenApiResponse],
    request: Any = None,
) -> Callable[[Method], Method]:
    """Describe a POST that decides about an import.

    `examples`: {name: the import as it is answered}. `refusals`: {status: answer}, besides those of every decision.
    """
    described: Callable[[Method], Method] = extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=text,
        tags=[IMPORTS],
        parameters=[IMPORT_ID],
        request=request,
        responses={
            status: import_answer("The import.", **examples),
            **NOT_AUTHENTICATED,
            403: MAY_NOT_IMPORT,
            404: NO_IMPORT,
            **NO_LIST,
            **refusals,
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
        200: answer(ImportPage, "A page of imports.", page_example(UNDO, APPLIED | {"undone_by": ID_OF_UNDO})),
        **NOT_AUTHENTICATED,
        403: MAY_NOT_FOLLOW,
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
        "multipart/form-data": OpenApiRequest(
            ImportFormSerializer,
            examples=[OpenApiExample("A preview", value={"file": CSV_EXAMPLE, "mode": "preview"})],
        ),
        "text/csv": OpenApiRequest(
            OpenApiTypes.STR, examples=[OpenApiExample("Program enrollments", value=CSV_EXAMPLE)]
        ),
        "application/x-ndjson": OpenApiRequest(
            OpenApiTypes.STR, examples=[OpenApiExample("Program enrollments", value=NDJSON_EXAMPLE)]
        ),
        "application/gzip": OpenApiTypes.BINARY,
    },
    responses={
        202: import_answer("The import was queued.", Example=QUEUED),
        400: error(
            "An option is wrong, the form has no file, or the body ended early; nothing was imported.",
            invalid_option="Option max_drop: only a snapshot drops learners.",
            no_file=NoFile.default_detail,
            body_cut_off=BodyCutOff(),
        ),
        **NOT_AUTHENTICATED,
        403: MAY_NOT_IMPORT,
        404: NO_PROGRAM,
        **NO_LIST,
        411: error("A form came in chunks, without Content-Length.", length_required=LengthRequired.default_detail),
        413: error("The file has too many bytes.", file_too_large=FileTooLarge(settings.IMPORT_MAX_BYTES)),
        415: error(
            "The body is neither a form nor a file that can be read.",
            unsupported_media_type=UnsupportedMediaType("application/json").detail,
            unsupported_content_encoding=UnknownContentEncoding.default_detail,
        ),
        503: error(
            "The service has no space left, or cannot be used for the moment. Wait as many seconds as `Retry-After`"
            " says.",
            storage_full=StorageFull.default_detail,
            service_unavailable=ServiceUnavailable.default_detail,
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
        200: import_answer("The import.", **{"Under way": APPLYING, "Done": APPLIED}),
        **NOT_AUTHENTICATED,
        403: MAY_NOT_FOLLOW,
        404: NO_IMPORT,
        **NO_LIST,
    },
)
apply = decision(
    "apply_import",
    "Apply a preview, or resume an import that failed",
    "What the preview has shown is what is applied: if rows have changed since, it is refused as `plan_stale`,"
    " with the `lines` of some of them, and the `student_keys` of learners who are not in the file. A preview of a mass"
    " change is `held` next.",
    examples={"A preview": STARTED},
    refusals={
        409: conflict(
            "An import that is applied with errors cannot be applied.",
            "The state of the import does not allow this, or rows have changed since the preview.",
            plan_stale={"developer_message": str(STALE), "lines": STALE.lines, "student_keys": STALE.student_keys},
        )
    },
)
approve = decision(
    "approve_import",
    "Let a held import go on",
    "By somebody other than the one who uploaded it, or by staff.",
    examples={"Example": APPROVED},
    refusals={403: MAY_NOT_DECIDE, 409: conflict(NOT_HELD)},
)
discard = decision(
    "discard_import",
    "End a held import, or a preview, without applying it",
    "A held one by somebody other than the one who uploaded it, or by staff.",
    status=200,
    examples={"A preview": DISCARDED},
    refusals={403: MAY_NOT_DECIDE, 409: conflict(NOT_HELD)},
)
cancel = decision(
    "cancel_import",
    "Stop an import",
    "It stops within seconds. What was applied until then stands; `progress` and `rows` tell it.",
    examples={"It was under way": APPLYING, "It had not begun": CANCELED},
    refusals={409: conflict("An import that is applied with errors cannot be canceled.")},
)
undo = decision(
    "undo_import",
    "Undo an import",
    "Queues another import, which puts back what this one changed; rows that were changed since are its rejects."
    f" Possible for {count_of(settings.IMPORT_KEPT_DAYS, 'day')}.",
    request=OpenApiRequest(UndoSerializer, examples=[OpenApiExample("A preview", value={"mode": "preview"})]),
    examples={"The undo": UNDO},
    refusals={
        400: malformed(
            "The body is malformed; nothing was queued.",
            "mode",
            reason='"dry-run" is not a valid choice.',
            parse_error=NO_JSON,
        ),
        409: conflict("This import has applied nothing that could be undone."),
        413: BODY_TOO_LARGE,
        **UNREADABLE,
    },
)

rows = extend_schema_view(
    list=extend_schema(
        operation_id="list_import_rows",
        summary="List what each row of an import does",
        description=f"In the order of the file; learners whom a snapshot drops come last. {BAD_CURSOR}",
        tags=[IMPORTS],
        parameters=[IMPORT_ID, RowFilters, CURSOR, page_size(ImportRowPagination)],
        responses={
            200: answer(ImportRowPage, "A page of rows.", page_example(*ROW_EXAMPLES)),
            400: bad_parameter("outcome", '"rejected" is not a valid choice.'),
            **NOT_AUTHENTICATED,
            403: MAY_NOT_FOLLOW,
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
                **file_answer({"text/csv": example}),
                **NOT_AUTHENTICATED,
                403: MAY_NOT_FOLLOW,
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


def export(
    operation_id: str,
    summary: str,
    parameters: list[Any],
    not_found: OpenApiResponse,
    *,
    csv: str,
    ndjson: str,
) -> Any:
    return extend_schema_view(
        retrieve=extend_schema(
            operation_id=operation_id,
            summary=summary,
            description="All enrollments with a student key, in the columns that an import takes: imported unchanged,"
            " every row is `unchanged`. A connection that breaks off means that the file is not complete.",
            tags=[EXPORTS],
            parameters=parameters,
            responses={
                **file_answer({"text/csv": csv, "application/x-ndjson": ndjson}),
                400: bad_parameter("fmt", '"xlsx" is not a valid choice.'),
                **NOT_AUTHENTICATED,
                403: forbidden(Scope.ENROLLMENTS_READ),
                404: not_found,
            },
        )
    )


program_export = export(
    "export_program_enrollments",
    "Export a program's enrollments",
    [PROGRAM_UUID, ProgramExportFilters],
    NO_PROGRAM,
    csv=CSV_EXAMPLE,
    ndjson=NDJSON_EXAMPLE,
)
course_export = export(
    "export_program_course_enrollments",
    "Export a program's enrollments in a course run",
    [PROGRAM_UUID, COURSE_ID, CourseExportFilters],
    NO_COURSE,
    csv="course_id,student_key,status,course_staff\ncourse-v1:edX+ToyX+2026_T1,S-1001,active,false\n",
    ndjson='{"course_id": "course-v1:edX+ToyX+2026_T1", "student_key": "S-1001", "status": "active",'
    ' "course_staff": false}\n',
)
