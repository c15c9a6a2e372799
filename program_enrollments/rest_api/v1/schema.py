"""What the OpenAPI description says of each endpoint: written for the developers of partner systems."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination

from access.service import Scope
from program_enrollments.api import OWN_ONLY
from program_enrollments.constants import ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus, WriteFailure
from program_enrollments.exceptions import UnknownCurriculum
from program_enrollments.rest_api.exceptions import InvalidParameter, LengthRequired, TooManyRecords
from program_enrollments.rest_api.parsers import MAX_BODY_BYTES
from program_enrollments.rest_api.schema import error, malformed
from program_enrollments.rest_api.v1.filters import (
    ProgramCourseEnrollmentFilters,
    ProgramEnrollmentFilters,
    ProgramTypeFilter,
)
from program_enrollments.rest_api.v1.pagination import CourseRunOverviewPagination, EnrollmentPagination
from program_enrollments.rest_api.v1.serializers import (
    CourseRunOverviewSerializer,
    GradeErrorSerializer,
    GradeSerializer,
    ProgramCourseEnrollmentRecordSerializer,
    ProgramCourseEnrollmentSerializer,
    ProgramEnrollmentChangeSerializer,
    ProgramEnrollmentRecordSerializer,
    ProgramEnrollmentSerializer,
    ReadableProgramSerializer,
    ResetSerializer,
)

ENROLLMENTS, GRADES, LEARNERS, TESTING = "Enrollments", "Grades", "Learners", "Testing"

PROGRAM_UUID = OpenApiParameter("program_uuid", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The program.")
COURSE_ID = OpenApiParameter(
    "course_id",
    str,
    OpenApiParameter.PATH,
    description="Key of a course run in the program, like `course-v1:edX+ToyX+2026_T1`; `+` may be written `%2B`.",
)
USERNAME = OpenApiParameter("username", str, OpenApiParameter.PATH, description="The learner's username.")
CURSOR = OpenApiParameter("cursor", str, description="From the `next` or `previous` url of another page.")


def page_size(pagination: type[CursorPagination]) -> OpenApiParameter:
    maximum = pagination.max_page_size
    text = f"Rows on a page, {pagination.page_size} by default; more than {maximum} are cut to {maximum}."
    return OpenApiParameter("page_size", int, description=text)


class Page(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last one.")
    previous = serializers.URLField(allow_null=True, help_text="The page before; null on the first one.")


@extend_schema_serializer(many=False)
class ProgramEnrollmentPage(Page):
    results = ProgramEnrollmentSerializer(many=True)


@extend_schema_serializer(many=False)
class ProgramCourseEnrollmentPage(Page):
    results = ProgramCourseEnrollmentSerializer(many=True)


@extend_schema_serializer(many=False)
class GradePage(Page):
    results = PolymorphicProxySerializer(
        component_name="GradeOrError",
        serializers=[GradeSerializer, GradeErrorSerializer],
        resource_type_field_name=None,
        many=True,
    )


@extend_schema_serializer(many=False)
class CourseRunOverviewPage(Page):
    results = CourseRunOverviewSerializer(many=True)


@extend_schema_serializer(many=False)
class CourseRunOverviewList(serializers.Serializer[Any]):
    course_runs = CourseRunOverviewSerializer(many=True)


_UNKNOWN_CURRICULUM = UnknownCurriculum([1])
UNKNOWN_CURRICULUM = {
    "developer_message": str(_UNKNOWN_CURRICULUM),
    "field_errors": _UNKNOWN_CURRICULUM.field_errors,
}
NO_JSON = "The request body is not JSON: Expecting ',' delimiter: line 1 column 41 (char 40)."
TOO_MANY_BYTES = f"The request body has more than {MAX_BODY_BYTES} bytes."
BODY_TOO_LARGE = error("The body has too many bytes.", request_too_large=TOO_MANY_BYTES)
NO_PERMISSION = exceptions.PermissionDenied.default_detail
UNKNOWN_PROGRAM = "There is no program 5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11."
NOT_AUTHENTICATED = {
    401: error(
        "No credentials, or bad ones.",
        not_authenticated=exceptions.NotAuthenticated.default_detail,
        token_not_valid="The token is not valid.",  # noqa: S106 -- the code of an error
    )
}
NO_PROGRAM = error("There is no such program.", program_does_not_exist=UNKNOWN_PROGRAM)
NO_COURSE = error(
    "There is no such program or course run, or the run is not in the program.",
    program_does_not_exist=UNKNOWN_PROGRAM,
    course_does_not_exist="There is no course run course-v1:edX+ToyX+2026_T1.",
    course_not_in_program="Course run course-v1:edX+ToyX+2026_T1 is not in program"
    " 5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11.",
)
BAD_CURSOR = "A bad `cursor` is a 404 too."
NO_LIST = {406: error("The client accepts no JSON.", not_acceptable=exceptions.NotAcceptable.default_detail)}
UNREADABLE = {
    406: NO_LIST[406],
    411: error("The body came in chunks, without Content-Length.", length_required=LengthRequired.default_detail),
    415: error(
        "The body is not `application/json`.",
        unsupported_media_type=exceptions.UnsupportedMediaType("text/csv").detail,
    ),
}


def forbidden(
    scope: str,
    description: str = "The caller has no access to the program, or the token lacks the scope.",
    **messages: Any,
) -> OpenApiResponse:
    """`scope`: what the token must be good for, in words. `messages`: those of other codes."""
    return error(
        description,
        permission_denied=NO_PERMISSION,
        insufficient_scope=f"The token lacks the scope {scope}.",
        **messages,
    )


def bad_parameter(name: str, reason: str) -> OpenApiResponse:
    return error(
        "A query parameter has an impossible value; the message names it.",
        invalid_parameter=InvalidParameter(name, reason).detail,
    )


PROGRAM_PAGE_EXAMPLE = {
    "next": "https://enrollments.example.edu/api/program_enrollments/v1/programs/…/enrollments/?cursor=cD0xMDI%3D",
    "previous": None,
    "results": [
        {
            "student_key": "S-1001",
            "status": "enrolled",
            "account_exists": True,
            "curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1",
            "username": "ada",
            "email": "ada@example.edu",
        },
        {
            "student_key": "S-1002",
            "status": "pending",
            "account_exists": False,
            "curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1",
            "username": "",
            "email": "",
        },
    ],
}
COURSE_PAGE_EXAMPLE = {
    "next": None,
    "previous": None,
    "results": [
        {
            "student_key": "S-1001",
            "status": "active",
            "account_exists": True,
            "curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1",
            "course_staff": False,
        }
    ],
}
GOOD_GRADE = {"student_key": "S-1001", "letter_grade": "B", "passed": True, "percent": 0.875}
NO_GRADE = {"student_key": "S-1002", "letter_grade": None, "passed": False, "percent": 0.0}
BAD_GRADE = {"student_key": "S-1003", "error": "The grade could not be read in time."}
OVERVIEW_EXAMPLE = {
    "course_run_id": "course-v1:edX+ToyX+2026_T1",
    "display_name": "Toys",
    "course_run_url": "https://learn.example.edu/courses/course-v1:edX+ToyX+2026_T1/home",
    "start_date": "2026-09-01T00:00:00Z",
    "end_date": "2026-12-18T00:00:00Z",
    "course_run_status": "in_progress",
    "due_dates": [
        {"name": "Homework 7", "url": "https://learn.example.edu/homework/7", "date": "2026-11-30T23:59:00Z"}
    ],
    "resume_course_run_url": "https://learn.example.edu/courses/course-v1:edX+ToyX+2026_T1/unit/12",
    "emails_enabled": True,
}


def page_example(*rows: Mapping[str, Any]) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": list(rows)}


def answer(serializer: Any, description: str, example: Any = None) -> OpenApiResponse:
    examples = [] if example is None else [OpenApiExample("Example", value=example)]
    return OpenApiResponse(serializer, description=description, examples=examples)


def outcomes(statuses: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "For each student key, the status that now stands or why it was not written.",
        "additionalProperties": {"type": "string", "enum": [*statuses, *WriteFailure.values]},
    }


def write_operation(
    *,
    operation_id: str,
    summary: str,
    text: str,
    record: type[serializers.Serializer[Any]],
    record_example: Mapping[str, Any],
    statuses: list[str],
    failure: str,
    not_found: OpenApiResponse,
    parameters: list[OpenApiParameter],
    **refusals: Any,
) -> Any:
    """Describe a POST, PATCH or PUT of a list of records.

    `refusals`: {code of a 400 besides those of malformed records and of what is no JSON: its message, or a dict of its
    other members}.
    """
    good, bad = statuses[0], WriteFailure.INVALID_STATUS.value
    known = f"`status` is one of {', '.join(f'`{status}`' for status in statuses)}."
    rules = (
        "The body is a list of 1 to 25 records, one for each learner. Every learner is dealt with alone: what fails"
        " for one does not undo the others, and the answer tells the outcome for each key. A key sent twice is"
        f" `duplicated`: none of its records is applied. {known}"
    )
    outcome_map = outcomes(statuses)
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=f"{text}\n\n{rules}",
        tags=[ENROLLMENTS],
        parameters=parameters,
        request=record(many=True),
        examples=[OpenApiExample("One learner", value=dict(record_example), request_only=True)],
        responses={
            200: answer(outcome_map, "All learners succeeded.", {"S-1001": good, "S-1002": good}),
            204: answer(None, "The list was empty: nothing to do."),
            207: answer(outcome_map, "Some learners succeeded.", {"S-1001": good, "S-1002": failure}),
            422: answer(outcome_map, "No learner succeeded.", {"S-1001": failure, "S-1002": bad}),
            400: malformed(
                "The body is malformed; nothing was written. `field_errors` names each bad record by its index.",
                "status",
                index=1,
                parse_error=NO_JSON,
                **refusals,
            ),
            **NOT_AUTHENTICATED,
            403: forbidden(Scope.ENROLLMENTS_WRITE),
            404: not_found,
            413: error(
                "Too many records, or too many bytes; nothing was written.",
                too_many_records=TooManyRecords(sent=30, limit=settings.MAX_RECORDS_PER_WRITE).detail,
                request_too_large=TOO_MANY_BYTES,
            ),
            **UNREADABLE,
        },
    )


def program_write(operation_id: str, summary: str, text: str, record: type, failure: str, **refusals: Any) -> Any:
    example = {
        "student_key": "S-1001",
        "status": "enrolled",
        "curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1",
    }
    return write_operation(
        operation_id=operation_id,
        summary=summary,
        text=text,
        record=record,
        record_example=example,
        statuses=ProgramEnrollmentStatus.values,
        failure=failure,
        not_found=NO_PROGRAM,
        parameters=[PROGRAM_UUID],
        **refusals,
    )


def course_write(operation_id: str, summary: str, text: str, failure: str) -> Any:
    return write_operation(
        operation_id=operation_id,
        summary=summary,
        text=text,
        record=ProgramCourseEnrollmentRecordSerializer,
        record_example={"student_key": "S-1001", "status": "active", "course_staff": False},
        statuses=ProgramCourseEnrollmentStatus.values,
        failure=failure,
        not_found=NO_COURSE,
        parameters=[PROGRAM_UUID, COURSE_ID],
    )


program_enrollments = extend_schema_view(
    list=extend_schema(
        operation_id="list_program_enrollments",
        summary="List a program's enrollments",
        description=f"Who is enrolled in the program, with or without an account. {BAD_CURSOR}",
        tags=[ENROLLMENTS],
        parameters=[PROGRAM_UUID, ProgramEnrollmentFilters, CURSOR, page_size(EnrollmentPagination)],
        responses={
            200: answer(ProgramEnrollmentPage, "A page of enrollments.", PROGRAM_PAGE_EXAMPLE),
            400: bad_parameter("status", '"enroled" is not a valid choice.'),
            **NOT_AUTHENTICATED,
            403: forbidden(Scope.ENROLLMENTS_READ),
            404: NO_PROGRAM,
            **NO_LIST,
        },
    ),
    create=program_write(
        "create_program_enrollments",
        "Enroll learners in a program",
        "Creates enrollments. A learner who is enrolled in the curriculum already is a `conflict`.",
        ProgramEnrollmentRecordSerializer,
        "conflict",
        unknown_curriculum=UNKNOWN_CURRICULUM,
    ),
    partial_update=program_write(
        "update_program_enrollments",
        "Change learners' enrollments in a program",
        "Sets the status of enrollments. Without a curriculum that the learner holds, the learner's active enrollment"
        " in the program is meant, else the latest changed. A learner who has none is `not-in-program`.",
        ProgramEnrollmentChangeSerializer,
        "not-in-program",
    ),
    update=program_write(
        "put_program_enrollments",
        "Enroll learners in a program, or change their enrollments",
        "Sets the status of enrollments, and creates those that do not exist. Safe to repeat.",
        ProgramEnrollmentRecordSerializer,
        "conflict",
        unknown_curriculum=UNKNOWN_CURRICULUM,
    ),
)

program_course_enrollments = extend_schema_view(
    list=extend_schema(
        operation_id="list_program_course_enrollments",
        summary="List a program's enrollments in a course run",
        description=f"Who takes the course run through the program. {BAD_CURSOR}",
        tags=[ENROLLMENTS],
        parameters=[
            PROGRAM_UUID,
            COURSE_ID,
            ProgramCourseEnrollmentFilters,
            CURSOR,
            page_size(EnrollmentPagination),
        ],
        responses={
            200: answer(ProgramCourseEnrollmentPage, "A page of enrollments.", COURSE_PAGE_EXAMPLE),
            400: bad_parameter("status", '"enrolled" is not a valid choice.'),
            **NOT_AUTHENTICATED,
            403: forbidden(Scope.ENROLLMENTS_READ),
            404: NO_COURSE,
            **NO_LIST,
        },
    ),
    create=course_write(
        "create_program_course_enrollments",
        "Enroll a program's learners in a course run",
        "Creates enrollments of learners who are enrolled in the program. A learner who is enrolled in the run"
        " already, through this or another program, is a `conflict`; one who is not in the program `not-in-program`.",
        "conflict",
    ),
    partial_update=course_write(
        "update_program_course_enrollments",
        "Change learners' enrollments in a course run",
        "Sets the status of enrollments. A learner who has none in the run is `not-found`.",
        "not-found",
    ),
    update=course_write(
        "put_program_course_enrollments",
        "Enroll a program's learners in a course run, or change their enrollments",
        "Sets the status of enrollments, and creates those that do not exist. Safe to repeat.",
        "not-in-program",
    ),
)

program_course_grades = extend_schema_view(
    list=extend_schema(
        operation_id="list_program_course_grades",
        summary="List grades in a course run",
        description="Grades of the program's learners who have an account, active or not. A learner without a recorded"
        f" grade has 0 percent. A grade that cannot be read is that learner's `error`. {BAD_CURSOR}",
        tags=[GRADES],
        parameters=[PROGRAM_UUID, COURSE_ID, CURSOR, page_size(EnrollmentPagination)],
        responses={
            200: answer(
                GradePage,
                "All grades could be read.",
                {"next": None, "previous": None, "results": [GOOD_GRADE, NO_GRADE]},
            ),
            204: answer(None, "There are no learners with an account."),
            207: answer(GradePage, "Some could be read.", page_example(GOOD_GRADE, BAD_GRADE)),
            422: answer(GradePage, "None could be read.", page_example(BAD_GRADE)),
            **NOT_AUTHENTICATED,
            403: forbidden(Scope.GRADES_READ),
            404: NO_COURSE,
            **NO_LIST,
        },
    )
)


def readable_programs(operation_id: str, summary: str) -> Any:
    return extend_schema_view(
        list=extend_schema(
            operation_id=operation_id,
            summary=summary,
            description="Staff may read all programs of the type. Others, partner applications too: programs of the"
            " type on which, or on whose organization, they hold a role, or in whose course runs they are on the course"
            " team; and programs of any type in which they are enrolled.",
            tags=[LEARNERS],
            parameters=[ProgramTypeFilter],
            responses={
                200: answer(
                    ReadableProgramSerializer(many=True),
                    "The programs, each once.",
                    {"uuid": "5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11", "slug": "master-of-toys"},
                ),
                400: bad_parameter("type", "Null characters are not allowed."),
                **NOT_AUTHENTICATED,
                **NO_LIST,
            },
        )
    )


overview = extend_schema_view(
    list=extend_schema(
        operation_id="get_program_overview",
        summary="Show one's own course runs in a program",
        description="Use `users/{username}/programs/{program_uuid}/courses/` instead, which answers in pages; the"
        " headers `Deprecation` and `Link` say so too.",
        tags=[LEARNERS],
        deprecated=True,
        parameters=[
            PROGRAM_UUID,
            OpenApiParameter("Deprecation", str, OpenApiParameter.HEADER, response=True, description="RFC 9745."),
            OpenApiParameter("Link", str, OpenApiParameter.HEADER, response=True, description="The successor."),
        ],
        responses={
            200: answer(CourseRunOverviewList, "The caller's course runs.", {"course_runs": [OVERVIEW_EXAMPLE]}),
            **NOT_AUTHENTICATED,
            403: error(
                "The caller is not enrolled in the program.",
                permission_denied="The learner is not enrolled in this program.",
            ),
            404: NO_PROGRAM,
            **NO_LIST,
        },
    )
)

learner_overviews = extend_schema_view(
    list=extend_schema(
        operation_id="list_course_run_overviews",
        summary="List a learner's course runs in a program",
        description="The learner's active course enrollments in runs of the program. Learners see their own; staff,"
        " and whoever holds a role on the program or its organization (partner applications too), what any learner of"
        f" the program would see. {BAD_CURSOR}",
        tags=[LEARNERS],
        parameters=[USERNAME, PROGRAM_UUID, CURSOR, page_size(CourseRunOverviewPagination)],
        responses={
            200: answer(CourseRunOverviewPage, "A page of course runs.", page_example(OVERVIEW_EXAMPLE)),
            **NOT_AUTHENTICATED,
            403: error(
                "The caller may not see this learner's course runs, or the learner is not enrolled in the program.",
                permission_denied=OWN_ONLY,
            ),
            404: NO_PROGRAM,
            **NO_LIST,
        },
    )
)

reset = extend_schema_view(
    create=extend_schema(
        operation_id="reset_enrollments",
        summary="Wipe an organization in a test environment",
        description="Deletes, in one transaction, all enrollments in the organization's programs and the accounts that"
        " have an identity at its providers, never those of staff. Switched off unless the site's operator sets"
        " `ENABLE_ENROLLMENT_RESET`.",
        tags=[TESTING],
        request=ResetSerializer,
        examples=[OpenApiExample("All programs", value={"organization": "UCDavis"}, request_only=True)],
        responses={
            200: answer(OpenApiTypes.STR, "Wiped.", "success"),
            400: malformed(
                "The body is malformed, or a program is another organization's; nothing was deleted.",
                "organization",
                program_of_another_organization="The organization does not author the program"
                " 5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11.",
            ),
            **NOT_AUTHENTICATED,
            403: forbidden(
                Scope.ENROLLMENTS_WRITE, "The caller is not a member of staff, or the token lacks the scope."
            ),
            404: error(
                "There is no such organization or program; nothing was deleted.",
                organization_does_not_exist="There is no organization with this key.",
                program_does_not_exist=UNKNOWN_PROGRAM,
            ),
            413: BODY_TOO_LARGE,
            501: error(
                "Resetting is switched off.",
                feature_disabled="Resetting enrollments is switched off (setting ENABLE_ENROLLMENT_RESET).",
            ),
            **UNREADABLE,
        },
    )
)
