"""What the OpenAPI description says of Registrar's routes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiRequest,
    OpenApiResponse,
    extend_schema,
)
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS

from imports.rest_api.errors import StorageFull
from program_enrollments.constants import ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus, WriteFailure
from program_enrollments.exceptions import IdempotencyKeyInUse, IdempotencyKeyReused
from program_enrollments.rest_api.exceptions import InvalidIdempotencyKey, LengthRequired, ServiceUnavailable
from program_enrollments.rest_api.schema import KEY_PARAMETER
from program_enrollments.rest_api.v1.schema import NO_JSON, TOO_MANY_BYTES, outcomes
from registrar.constants import MAX_UPLOAD_BYTES, ApiPermission, JobState, ResultFormat
from registrar.rest_api.errors import TooManyRecords, UploadTooLarge

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

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None and self.method not in SAFE_METHODS:
            operation["parameters"].append(KEY_PARAMETER)
        return operation


def describe(
    name: str, summary: str, *codes: int, responses: dict[Any, OpenApiResponse], **options: Any
) -> Callable[[Method], Method]:
    """Describe an operation; `codes` are those of its usual errors. Other arguments are those of `extend_schema`."""

    def decorate(method: Method) -> Method:
        answers = responses | {
            code: ERRORS[code] for code in (*codes, 401, 405, 406, 429, 503) if code not in responses
        }
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


def answer(description: str, body: Shape, example: Any = None, **examples: Any) -> OpenApiResponse:
    """Describe an answer by an example, or by several: {name: the body}."""
    named = examples or {"Example": example}
    return OpenApiResponse(
        body, description=description, examples=[OpenApiExample(name, value=value) for name, value in named.items()]
    )


def detail(message: Any) -> dict[str, str]:
    return {"detail": str(message)}


DETAIL = shape(detail=text())


def refusal(description: str, message: Any = None, **messages: Any) -> OpenApiResponse:
    """Describe a refusal by its message, or by several: {name: the message}."""
    named = messages or {"Example": message}
    return answer(description, DETAIL, **{name: detail(words) for name, words in named.items()})


def bad_body(**examples: Any) -> OpenApiResponse:
    """Describe a 400 of a write. `examples`: {name: the body of the answer}."""
    return answer(
        "The body cannot be used, or the Idempotency-Key is invalid; nothing was changed.",
        {"oneOf": [array(text()), DETAIL]},
        **examples,
        Key=detail(InvalidIdempotencyKey.default_detail),
    )


NO_CURRICULUM = "The program has no active curriculum to enroll students in."
KEY_REUSED, KEY_IN_USE = IdempotencyKeyReused(), IdempotencyKeyInUse()
ERRORS = {
    401: refusal(
        "No credentials, or bad ones.",
        Nothing=exceptions.NotAuthenticated.default_detail,
        Token="The token is not valid.",  # noqa: S106 -- a sentence
    ),
    403: refusal("The caller lacks the permission.", exceptions.PermissionDenied.default_detail),
    404: refusal(
        "What the path names does not exist, or a parameter has an unknown value.", exceptions.NotFound.default_detail
    ),
    405: refusal("The path knows no such method.", exceptions.MethodNotAllowed("PUT").detail),
    406: refusal("The client accepts no JSON.", exceptions.NotAcceptable.default_detail),
    411: refusal("The body came in chunks, without Content-Length.", LengthRequired.default_detail),
    415: refusal("The body has another media type.", exceptions.UnsupportedMediaType("text/csv").detail),
    429: refusal(
        "Too many requests; wait as long as `Retry-After` says.",
        "Request was throttled. Expected available in 42 seconds.",
    ),
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
REPORT = shape(name=text(), created_date=text(format="date"), download_url=text("For the caller; it expires."))


WRITE_CODES = (403, 404, 411, 415)

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


def _write(
    name: str,
    summary: str,
    *parameters: OpenApiParameter,
    statuses: Sequence[str],
    failure: WriteFailure,
    members: Mapping[str, Shape],
    refused: Mapping[str, Any],
    forbidden: OpenApiResponse,
) -> Callable[[Method], Method]:
    """Describe a write of records.

    `failure`: what students of the examples meet. `members`: {name: schema}, of a record besides those of all;
    `refused`: {name of an example: the body of a 400}, likewise.
    """
    good, bad = statuses[0], WriteFailure.INVALID_STATUS.value
    # Without `enum`: another status makes no malformed body, but fails for its student alone.
    known = ", ".join(f"`{status}`" for status in statuses)
    record = shape(
        student_key=text("The school's own key for the student."),
        status=text(f"One of {known}. A student with another one is answered with `{bad}`."),
    )
    body = array(record | {"properties": record["properties"] | members})
    outcome_map = outcomes(statuses)
    return describe(
        name,
        summary,
        *WRITE_CODES,
        parameters=[PROGRAM_KEY, *parameters],
        request={
            "application/json": OpenApiRequest(
                body | {"maxItems": settings.MAX_RECORDS_PER_WRITE},
                examples=[OpenApiExample("Example", value=[{"student_key": "abc", "status": good}])],
            )
        },
        responses={
            200: answer("All records were written.", outcome_map, {"abc": good}),
            207: answer("Some records were written.", outcome_map, {"abc": good, "def": bad}),
            422: answer(
                "No record was written, or there was none. Or: the Idempotency-Key was used for another request.",
                {"oneOf": [outcome_map, DETAIL]},
                Records={"abc": failure.value, "def": bad},
                Key=detail(KEY_REUSED),
            ),
            400: bad_body(
                List=["expected request body type: List"],
                Record=['expected request dicts to have string value for "status"'],
                JSON=detail(f"JSON parse error - {NO_JSON}"),
                **refused,
            ),
            403: forbidden,
            409: refusal("The first request with this Idempotency-Key is still running.", KEY_IN_USE),
            413: refusal(
                "Too many records, or too many bytes.",
                Records=TooManyRecords(settings.MAX_RECORDS_PER_WRITE).detail,
                Bytes=TOO_MANY_BYTES,
            ),
        },
    )


def _write_in_program(name: str, summary: str, failure: WriteFailure, **refused: Any) -> Callable[[Method], Method]:
    return _write(
        name,
        summary,
        statuses=ProgramEnrollmentStatus.values,
        failure=failure,
        members={},
        refused=refused,
        forbidden=ERRORS[403],
    )


def _write_in_course_run(name: str, summary: str, failure: WriteFailure) -> Callable[[Method], Method]:
    course_staff = {
        "type": "boolean",
        "nullable": True,
        "description": "Give (`true`) or take away (`false`) the staff role on the course run; absent or null leaves it"
        " as it is. Only where the service lets roles be managed.",
    }
    return _write(
        name,
        summary,
        COURSE_ID,
        statuses=ProgramCourseEnrollmentStatus.values,
        failure=failure,
        members={"course_staff": course_staff},
        refused={"Role": ['expected request dicts to have boolean value for "course_staff"']},
        forbidden=refusal(
            "The caller lacks the permission, or a record has `course_staff` where roles are not managed.",
            Permission=exceptions.PermissionDenied.default_detail,
            Role='"course_staff" not accepted since role assignment is not enabled',
        ),
    )


create_program_enrollments = _write_in_program(
    "create_program_enrollments", "Enroll students in a program", WriteFailure.CONFLICT, Curriculum=[NO_CURRICULUM]
)
update_program_enrollments = _write_in_program(
    "update_program_enrollments", "Change students' enrollments in a program", WriteFailure.NOT_IN_PROGRAM
)
create_course_run_enrollments = _write_in_course_run(
    "create_course_run_enrollments", "Enroll students in a course run", WriteFailure.CONFLICT
)
update_course_run_enrollments = _write_in_course_run(
    "update_course_run_enrollments", "Change students' enrollments in a course run", WriteFailure.NOT_FOUND
)


def _upload(name: str, summary: str, file: str, required: str, **refused: Any) -> Callable[[Method], Method]:
    """Describe an upload. `file`: an example; `required`: its columns; `refused`: {name of an example: a 400}."""
    columns = f"A CSV file with the columns {required}, of at most {MAX_UPLOAD_BYTES:,} bytes."
    return describe(
        name,
        summary,
        *WRITE_CODES,
        parameters=[
            PROGRAM_KEY,
            OpenApiParameter("Link", str, OpenApiParameter.HEADER, response=[409], description="The job that runs."),
        ],
        request={
            "multipart/form-data": OpenApiRequest(
                shape(file=text(columns, format="binary")), examples=[OpenApiExample("Example", value={"file": file})]
            )
        },
        responses=ACCEPTED
        | {
            400: bad_body(
                Headers=["CSV is missing headers [status]"],
                Row=[f"CSV is missing data at row #2. Required fields are [{required}]."],
                File=detail("No file content uploaded"),
                **refused,
            ),
            409: answer(
                "An upload into the program is running, or the first request with this Idempotency-Key.",
                {"oneOf": [text(), DETAIL]},
                Upload="Job already in progress for program",
                Key=detail(KEY_IN_USE),
            ),
            413: refusal("The file has too many bytes.", UploadTooLarge.default_detail),
            422: refusal("The Idempotency-Key was used for another request; nothing was done.", KEY_REUSED),
            503: refusal(
                "Not possible for the moment; wait as long as `Retry-After` says.",
                Service=ServiceUnavailable.default_detail,
                Space=StorageFull.default_detail,
            ),
        },
    )


upload_program_enrollments = _upload(
    "upload_program_enrollments",
    "Upload a CSV file of program enrollments",
    "student_key,status\nabc,enrolled\n",
    "student_key, status",
    Curriculum=[NO_CURRICULUM],
)
upload_course_enrollments = _upload(
    "upload_course_enrollments",
    "Upload a CSV file of course enrollments",
    "course_id,student_key,status\ncourse-v1:STEMx+CS111+F19,abc,active\n",
    "student_key, course_id, status",
)
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
        ),
        400: answer("The date is none.", array(text()), ["min_created_date must be a date, like 2026-11-25"]),
    },
)
