"""The one shape of every error answer (contract section 3).

`{"developer_message": "…", "error_code": "snake_case"}`, and `"field_errors"` where a request body was invalid.
"""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as rest_framework_handler

from program_enrollments.exceptions import (
    CourseDoesNotExist,
    CourseNotInProgram,
    EnrollmentConflict,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    LearnerDoesNotExist,
    LearnerNotLinked,
    LearnerStillNamed,
    OrganizationDoesNotExist,
    OverviewForbidden,
    ProgramDoesNotExist,
    ProgramEnrollmentsError,
    ProgramOfAnotherOrganization,
    UnknownCurriculum,
    UserDoesNotExist,
    UserIsStaff,
)
from program_enrollments.outages import is_outage
from program_enrollments.rest_api.exceptions import RequestTooLarge, ServiceUnavailable

logger = logging.getLogger(__name__)

STATUS_BY_ERROR: dict[type[ProgramEnrollmentsError], HTTPStatus] = {
    ProgramDoesNotExist: HTTPStatus.NOT_FOUND,
    CourseDoesNotExist: HTTPStatus.NOT_FOUND,
    CourseNotInProgram: HTTPStatus.NOT_FOUND,
    UnknownCurriculum: HTTPStatus.BAD_REQUEST,
    EnrollmentConflict: HTTPStatus.CONFLICT,
    LearnerNotLinked: HTTPStatus.CONFLICT,
    LearnerStillNamed: HTTPStatus.CONFLICT,
    IdempotencyKeyInUse: HTTPStatus.CONFLICT,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    OrganizationDoesNotExist: HTTPStatus.NOT_FOUND,
    ProgramOfAnotherOrganization: HTTPStatus.BAD_REQUEST,
    UserDoesNotExist: HTTPStatus.NOT_FOUND,
    UserIsStaff: HTTPStatus.CONFLICT,
    LearnerDoesNotExist: HTTPStatus.NOT_FOUND,
    OverviewForbidden: HTTPStatus.FORBIDDEN,
}


def error_body(message: str, code: str) -> dict[str, Any]:
    """Build an error answer without field errors."""
    return {"developer_message": message, "error_code": code}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer any foreseen exception in the one shape; None (a fault of ours) for the rest."""
    if isinstance(exc, ProgramEnrollmentsError):
        body = error_body(str(exc), exc.code)
        if isinstance(exc, UnknownCurriculum):
            body["field_errors"] = exc.field_errors
        return Response(body, status=STATUS_BY_ERROR[type(exc)])
    exc = as_rest_framework_error(exc)
    response = rest_framework_handler(exc, context)
    if response is not None and isinstance(exc, exceptions.APIException):
        response.data = _describe(exc)
    return response


def as_rest_framework_error(exc: Exception) -> Exception:
    """Return the REST framework's error for one of Django's, and for an outage, which is logged; any other as it is."""
    if is_outage(exc):
        # Without the fault's own text, which names the server, or quotes a row.
        logger.error("A request was not served: %s.", type(exc).__name__)
        return ServiceUnavailable()
    match exc:
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case RequestDataTooBig():
            return RequestTooLarge()
        case SuspiciousOperation() | BadRequest() | MultiPartParserError() | UnreadablePostError():
            return exceptions.ParseError("The request could not be read.")
    return exc


def _describe(exc: exceptions.APIException) -> dict[str, Any]:
    detail: Any = exc.detail
    if isinstance(exc, exceptions.ValidationError):
        return _describe_invalid_body(detail)
    if isinstance(detail, Mapping):  # simplejwt's own shape
        return error_body(str(detail["detail"]), str(detail["code"]))
    return error_body(str(detail), str(detail.code))


def _describe_invalid_body(detail: Any) -> dict[str, Any]:
    if not isinstance(detail, Mapping):
        return error_body(" ".join(_sentences(detail)), "invalid_request")
    is_list = all(isinstance(key, int) for key in detail)
    errors_by_index = detail if is_list else {0: detail}
    field_errors = [
        {"index": index, "fields": {name: list(_sentences(errors)) for name, errors in _by_field(record).items()}}
        for index, record in sorted(errors_by_index.items())
    ]
    places = "; ".join(
        f"{_name_place(entry['index'] if is_list else None, name)}: {' '.join(sentences)}"
        for entry in field_errors
        for name, sentences in entry["fields"].items()
    )
    message = f"The request body is invalid: {places}"
    return error_body(message, "invalid_request") | {"field_errors": field_errors}


def _name_place(index: int | None, field: str) -> str:
    """Return what is wrong: a record, a field of one, or a field of a body that is one object."""
    record = [] if index is None else [f"record {index}"]
    return ", ".join(record if field == api_settings.NON_FIELD_ERRORS_KEY else [*record, field]) or "the body"


def _by_field(record: Any) -> Mapping[str, Any]:
    # A record that is null has a bare list of errors.
    return record if isinstance(record, Mapping) else {api_settings.NON_FIELD_ERRORS_KEY: record}


def _sentences(errors: Any) -> Iterable[str]:
    """Flatten what a serializer says about one field, nested lists included."""
    if isinstance(errors, Mapping):
        for position, nested in errors.items():
            yield from (f"{position}: {sentence}" for sentence in _sentences(nested))
    elif isinstance(errors, list):
        for nested in errors:
            yield from _sentences(nested)
    else:
        yield str(errors)
