"""Error answers in Registrar's shapes (registrar page, section 2)."""

import logging
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from rest_framework import exceptions
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import exception_handler as rest_framework_handler

from imports.exceptions import BodyCutOff, FileTooLarge, is_lack_of_space
from imports.rest_api.errors import StorageFull
from program_enrollments.exceptions import ProgramEnrollmentsError
from program_enrollments.rest_api.errors import STATUS_BY_ERROR, as_rest_framework_error
from registrar.constants import MAX_UPLOAD_BYTES
from registrar.exceptions import InvalidRequest, JobInProgress, LinkRefused, NotInService

logger = logging.getLogger(__name__)


class TooManyRecords(APIException):
    """The body has too many records."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(f"Enrollment limit {limit}")


class UploadTooLarge(APIException):
    """The file has too many bytes."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = f"Upload too large. Must be under {MAX_UPLOAD_BYTES} bytes"


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer any foreseen exception; None (a fault of ours) for the rest."""
    if isinstance(exc, JobInProgress):
        response = Response(str(exc), status=HTTPStatus.CONFLICT)
        response["Link"] = f'<{build_job_url(context["view"], exc.job_id)}>; rel="related"'
        return response
    if isinstance(exc, ProgramEnrollmentsError):
        return Response({"detail": str(exc)}, status=STATUS_BY_ERROR[type(exc)])
    if is_lack_of_space(exc):
        logger.error("A file was refused, for lack of space: %s.", type(exc).__name__)
        exc = StorageFull()
    return rest_framework_handler(_as_rest_framework_error(exc), context)


def build_job_url(view: Any, job_id: UUID) -> str:
    """Return where to ask for a job, in the version of the request."""
    url = reverse(f"registrar_{view.kwargs['version']}:job", kwargs={"job_id": job_id}, request=view.request)
    return url.rstrip("/")


def _as_rest_framework_error(exc: Exception) -> Exception:
    match exc:
        case NotInService():
            return exceptions.NotFound()
        case InvalidRequest():
            return exceptions.ValidationError([str(exc)])
        case LinkRefused():
            return exceptions.PermissionDenied(str(exc))
        case BodyCutOff():
            return exceptions.ParseError(str(exc))
        case FileTooLarge() | RequestDataTooBig():
            return UploadTooLarge()
    return as_rest_framework_error(exc)
