"""What the OpenAPI description says of Registrar's routes."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiRequest,
    OpenApiResponse,
    extend_schema,
)

from program_enrollments.rest_api.exceptions import ServiceUnavailable
from registrar.constants import ApiPermission, JobState, ResultFormat

Method = TypeVar("Method", bound=Callable[..., Any])
Shape = dict[str, Any]

BASE = "https://enrollments.example.edu/api/v1/"
JOB_ID = "3b985cec-dcf4-4d38-9498-8545ebcf5d0f"


class RegistrarSchema(AutoSchema):
    """Names operations by version and `describe`'s name: the same views serve several versions."""

    def get_operation_id(self) -> str:
        version = self.path.split("/")[2]
        return f"registrar_{version}_{getattr(self.view, self.method.lower()).name_in_schema}"

    def get_auth(self) -> list[dict[str, Any]]:
        # The classes that read tokens differ from those of other paths in what they read of cookies; not in this.
        scope = self.view.get_needed_scope(self.method) if hasattr(self.view, "get_needed_scope") else None
        return [{"oauth2": [scope.value] if scope else []}, {"jwt": []}, {"bearer": []}, {"cookieAuth": []}]

    def get_tags(self) -> list[str]:
        return [f"Registrar {self.path.split('/')[2]}"]


def describe(
    name: str, summary: str, *codes: int, responses: dict[Any, OpenApiResponse], **options: Any
) -> Callable[[Method], Method]:
    """Describe an operation; `codes` are those of its errors. Other arguments are those of `extend_schema`."""

    def decorate(method: Method) -> Method:
        answers = responses | {code: ERRORS[code] for code in (*codes, 401, 405, 406, 429, 503)}
        described = extend_schema(summary=summary, responses=answers, **options)(method)
        cast(Any, described).name_in_schema = name
        return described

    return decorate


def shape(**members: Shape) -> Shape:
    return {"type": "object", "properties": members, "required": list(members)}


def text(description: str = "", **more: Any) -> Shape:
    return {"type": "string", **({"description": description} if description else {}), **more}


def or_null(described: Shape) -> Shape:
    return described | {"nullable": True}


def array(items: Shape) -> Shape:
    return {"type": "array", "items": items}


def answer(description: str, body: Shape, example: Any) -> OpenApiResponse:
    return OpenApiResponse(body, description=description, examples=[OpenApiExample("Example", value=example)])


def refusal(description: str, example: str) -> OpenApiResponse:
    return answer(description, shape(detail=text()), {"detail": example})


ERRORS = {
    400: OpenApiResponse(
        {"oneOf": [array(text()), shape(detail=text())]},
        description="The body cannot be used; nothing was changed.",
        examples=[
            OpenApiExample("Content", value=["CSV is missing headers [status]"]),
            OpenApiExample("No JSON", value={"detail": "JSON parse error - …"}),
            OpenApiExample("No file", value={"detail": "No file content uploaded"}),
        ],
    ),
    401: refusal("No credentials, or bad ones.", "Authentication credentials were not provided."),
    403: refusal("The caller lacks the permission.", "You do not have permission to perform this action."),
    404: refusal("What the path names does not exist, or a parameter has an unknown value.", "Not found."),
    405: refusal("The path knows no such method.", 'Method "PUT" not allowed.'),
    406: refusal("The client accepts no JSON.", "Could not satisfy the request Accept header."),
    409: answer("An upload into the program is running.", text(), "Job already in progress for program"),
    411: refusal("The body came in chunks, without Content-Length.", "Send the body with a Content-Length header; …"),
    413: refusal("Too many records, or too many bytes.", "Enrollment limit 25"),
    415: refusal("The body has another media type.", 'Unsupported media type "text/csv" in request.'),
    429: refusal("Too many requests; wait as long as `Retry-After` says.", "Request was throttled."),
    503: refusal("Not possible for the moment; wait as long as `Retry-After` says.", ServiceUnavailable.default_detail),
}

PROGRAM_KEY = OpenApiParameter("program_key", str, OpenApiParameter.PATH, description="The program's key, a slug.")
COURSE_ID = OpenApiParameter(
    "course_id",
    str,
    OpenApiParameter.PATH,
    description="A course run of the program's active curriculum, by its key or by the school's own name for it.",
)
FMT = OpenApiParameter("fmt", enum=ResultFormat.values, default="json", description="The form of the result file.")
PROGRAM_FILTERS = [
    OpenApiParameter("org", str, description="Only programs that the organization with this key authors."),
    OpenApiParameter(
        "user_has_perm",
        enum=ApiPermission.values,
        default="read_metadata",
        description="Only programs on which the caller has this permission.",
    ),
    OpenApiParameter("program_title", str, description="Only programs whose title has this text in it, in any case."),
]

PROGRAM = shape(
    program_key=text(),
    program_title=text("The key, if the program has no title."),
    program_url=or_null(text()),
    program_type=or_null(text()),
    permissions=array(text("What the caller may do.", enum=ApiPermission.values)),
)
PROGRAM_EXAMPLE = {
    "program_key": "masters-in-cs",
    "program_title": "MS in CS",
    "program_url": "https://www.example.edu/masters-in-cs",
    "program_type": "Masters",
    "permissions": ["read_enrollments", "read_metadata", "read_reports", "write_enrollments"],
}
COURSE = shape(
    course_id=text("The key of the course run."),
    external_course_key=or_null(text("The school's own name for it.")),
    course_title=or_null(text()),
    course_url=or_null(text()),
)
COURSE_EXAMPLE = {
    "course_id": "course-v1:STEMx+CS111+F19",
    "external_course_key": "CS111-F19",
    "course_title": "Intro",
    "course_url": "https://www.example.edu/cs111",
}
JOB = shape(
    job_id=text(),
    name=text("`<program key>:<read or write>:<operation>`, or `get_course_run_grades`."),
    created=text("In UTC.", format="date-time"),
    state=text(enum=[*JobState.values, "Retrying"]),
    result=or_null(text("Where the file is; the link is for the caller, and expires. Null until the job succeeded.")),
    text=or_null(text("How the records of an upload, or the grades, fared.", enum=["200", "207", "422", "204"])),
    error=or_null(text("Why the job failed.")),
)
JOB_EXAMPLE = {
    "job_id": JOB_ID,
    "name": "masters-in-cs:write:write_program_enrollments",
    "created": "2026-11-25T18:19:19.189272Z",
    "state": "Succeeded",
    "result": f"{BASE}results/{JOB_ID}.csv?token=…",
    "text": "207",
    "error": None,
}
ACCEPTED = {
    202: answer(
        "The job has been queued.",
        shape(job_id=text(), job_url=text("Where to ask how the job fares.")),
        {"job_id": JOB_ID, "job_url": f"{BASE}jobs/{JOB_ID}"},
    )
}
OUTCOMES: Shape = {"type": "object", "additionalProperties": text()}
WRITTEN = {
    200: answer("All records were written.", OUTCOMES, {"abc": "enrolled"}),
    207: answer("Some records were written.", OUTCOMES, {"abc": "enrolled", "def": "invalid-status"}),
    422: answer("No record was written.", OUTCOMES, {"def": "duplicated"}),
}
RECORD = shape(student_key=text(), status=text())
REPORT = shape(name=text(), created_date=text(format="date"), download_url=text("For the caller; it expires."))


def _records(more: Shape | None = None) -> OpenApiRequest:
    record = RECORD | {"properties": RECORD["properties"] | (more or {})}
    body = array(record) | {"maxItems": 25}
    example = [{"student_key": "abc", "status": "active" if more else "enrolled"}]
    return OpenApiRequest(body, examples=[OpenApiExample("Example", value=example, request_only=True)])


COURSE_RECORDS = _records({"course_staff": {"type": "boolean", "nullable": True}})
WRITE_CODES = (400, 403, 404, 411, 413, 415)

programs = describe(
    "list_programs",
    "List the programs on which the caller has a permission",
    404,
    parameters=PROGRAM_FILTERS,
    responses={200: answer("The programs, by title.", array(PROGRAM), [PROGRAM_EXAMPLE])},
)
paged_programs = describe(
    "list_programs",
    "List the programs on which the caller has a permission, a page at a time",
    404,
    parameters=[
        *PROGRAM_FILTERS,
        OpenApiParameter("page", str, description="A number from 1, or `last`."),
        OpenApiParameter("page_size", int, description="Programs on a page, 100 by default."),
    ],
    responses={
        200: answer(
            "A page of programs.",
            shape(count={"type": "integer"}, next=or_null(text()), previous=or_null(text()), results=array(PROGRAM)),
            {"count": 1, "next": None, "previous": None, "results": [PROGRAM_EXAMPLE]},
        )
    },
)
program = describe(
    "get_program",
    "Read a program",
    403,
    404,
    parameters=[PROGRAM_KEY],
    responses={200: answer("The program.", PROGRAM, PROGRAM_EXAMPLE)},
)
courses = describe(
    "list_courses",
    "List the course runs of a program's active curriculum",
    403,
    404,
    parameters=[PROGRAM_KEY],
    responses={200: answer("The course runs.", array(COURSE), [COURSE_EXAMPLE])},
)


def _read(name: str, summary: str, *parameters: OpenApiParameter) -> Callable[[Method], Method]:
    return describe(name, summary, 403, 404, parameters=[PROGRAM_KEY, *parameters, FMT], responses=ACCEPTED)


read_program_enrollments = _read("read_program_enrollments", "Start a download of a program's enrollments")
read_course_run_enrollments = _read(
    "read_course_run_enrollments", "Start a download of a course run's enrollments", COURSE_ID
)
read_all_course_run_enrollments = _read(
    "read_all_course_run_enrollments", "Start a download of the enrollments in all course runs of a program"
)
read_grades = _read("read_grades", "Start a download of the grades in a course run", COURSE_ID)
create_program_enrollments = describe(
    "create_program_enrollments",
    "Enroll students in a program",
    *WRITE_CODES,
    parameters=[PROGRAM_KEY],
    request={"application/json": _records()},
    responses=WRITTEN,
)
update_program_enrollments = describe(
    "update_program_enrollments",
    "Change students' enrollments in a program",
    *WRITE_CODES,
    parameters=[PROGRAM_KEY],
    request={"application/json": _records()},
    responses=WRITTEN,
)
create_course_run_enrollments = describe(
    "create_course_run_enrollments",
    "Enroll students in a course run",
    *WRITE_CODES,
    parameters=[PROGRAM_KEY, COURSE_ID],
    request={"application/json": COURSE_RECORDS},
    responses=WRITTEN,
)
update_course_run_enrollments = describe(
    "update_course_run_enrollments",
    "Change students' enrollments in a course run",
    *WRITE_CODES,
    parameters=[PROGRAM_KEY, COURSE_ID],
    request={"application/json": COURSE_RECORDS},
    responses=WRITTEN,
)


def _upload(name: str, summary: str) -> Callable[[Method], Method]:
    return describe(
        name,
        summary,
        *WRITE_CODES,
        409,
        parameters=[PROGRAM_KEY],
        request={"multipart/form-data": shape(file={"type": "string", "format": "binary"})},
        responses=ACCEPTED,
    )


upload_program_enrollments = _upload("upload_program_enrollments", "Upload a CSV file of program enrollments")
upload_course_enrollments = _upload("upload_course_enrollments", "Upload a CSV file of course enrollments")
jobs = describe(
    "list_jobs",
    "List the caller's jobs that are not done",
    responses={
        200: answer(
            "The jobs.",
            array(JOB),
            [JOB_EXAMPLE | {"state": "In Progress", "result": None, "text": None}],
        )
    },
)
job = describe(
    "get_job",
    "Ask how a job fares",
    403,
    404,
    parameters=[OpenApiParameter("job_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The job.")],
    responses={
        200: answer("The job.", JOB, JOB_EXAMPLE),
        (404, "text/html"): OpenApiResponse(
            OpenApiTypes.STR,
            description="What the path names does not exist; a page, if it cannot be the id of a job.",
            examples=[OpenApiExample("Page", value="<!doctype html>…", media_type="text/html")],
        ),
    },
)
reports = describe(
    "list_reports",
    "List the reports of a program",
    400,
    403,
    404,
    parameters=[
        PROGRAM_KEY,
        OpenApiParameter("min_created_date", OpenApiTypes.DATE, description="Only reports of this day or later."),
    ],
    responses={
        200: answer(
            "The reports, by name.",
            array(REPORT),
            [
                {
                    "name": "individual_report__2026-11-24.csv",
                    "created_date": "2026-11-24",
                    "download_url": f"{BASE}report_files/masters-in-cs/individual_report__2026-11-24.csv?token=…",
                }
            ],
        )
    },
)
