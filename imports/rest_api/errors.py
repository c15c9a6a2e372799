"""What imports refuse, in the one shape of every error answer (contract section 3)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response

from imports.exceptions import BodyCutOff, FileTooLarge, is_lack_of_space
from imports.service import Import, ImportsError, InvalidOption, PlanStale, SecondPersonNeeded, StateConflict
from program_enrollments.rest_api import errors

logger = logging.getLogger(__name__)

STATUS_BY_ERROR: dict[type[ImportsError], HTTPStatus] = {
    InvalidOption: HTTPStatus.BAD_REQUEST,
    StateConflict: HTTPStatus.CONFLICT,
    PlanStale: HTTPStatus.CONFLICT,
    SecondPersonNeeded: HTTPStatus.FORBIDDEN,
    FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BodyCutOff: HTTPStatus.BAD_REQUEST,
}


class ImportNotFound(APIException):
    """There is no such import, or none any more."""

    status_code = HTTPStatus.NOT_FOUND
    default_detail = "There is no such import."
    default_code = "import_does_not_exist"


class NoFile(APIException):
    """The form has no file."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "Send the file as the multipart field `file`, with a file name, or as the whole body."
    default_code = "no_file"


class UnknownContentEncoding(APIException):
    """The body is compressed in a way that is not known here."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    default_detail = "Send the file as it is, or compressed with gzip."
    default_code = "unsupported_content_encoding"


class InvalidOptions(APIException):
    """Options of an upload have impossible values."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "invalid_option"

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"Option {name}: {reason}" for name, reason in reasons.items()))


class StorageFull(APIException):
    """There is no space for the file, or in the database."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "The service has no space left; nothing was imported. Send the file again later."
    default_code = "storage_full"
    wait = 300
    """Seconds until it makes sense to try again, in `Retry-After`."""


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what imports refuse; the rest as everywhere in the API."""
    if isinstance(exc, Import.DoesNotExist):
        exc = ImportNotFound()
    elif is_lack_of_space(exc):
        logger.error("An upload was refused, for lack of space: %s.", type(exc).__name__)
        exc = StorageFull()
    if not isinstance(exc, ImportsError):
        return errors.exception_handler(exc, context)
    body = errors.error_body(str(exc), exc.code)
    if isinstance(exc, PlanStale):
        body |= {"lines": exc.lines, "student_keys": exc.student_keys}
    return Response(body, status=STATUS_BY_ERROR[type(exc)])
