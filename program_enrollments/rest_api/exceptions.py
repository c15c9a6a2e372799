"""What this API refuses besides what Django REST framework does. Apart from the handler, which imports views."""

from http import HTTPStatus

from rest_framework.exceptions import APIException

from program_enrollments.outages import RETRY_SECONDS


class RequestTooLarge(APIException):
    """The body has too many bytes."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "request_too_large"


class TooManyRecords(APIException):
    """The body has too many records."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_many_records"

    def __init__(self, *, sent: int, limit: int) -> None:
        super().__init__(f"{sent} records were sent; at most {limit} are accepted in one request.")


class ServiceUnavailable(APIException):
    """The database, or the catalog, cannot be used for now."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "The service is temporarily unavailable. Send the request again after Retry-After seconds."
    default_code = "service_unavailable"
    wait = RETRY_SECONDS
    """Seconds, in `Retry-After`."""


class LengthRequired(APIException):
    """The body was sent in chunks, which a WSGI application cannot read."""

    status_code = HTTPStatus.LENGTH_REQUIRED
    default_detail = "Send the body with a Content-Length header; chunked bodies are not accepted."
    default_code = "length_required"


class InvalidParameter(APIException):
    """A query parameter has an impossible value."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "invalid_parameter"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Query parameter {name}: {reason}")


class FeatureDisabled(APIException):
    """The site's settings keep this switched off."""

    status_code = HTTPStatus.NOT_IMPLEMENTED
    default_code = "feature_disabled"


class InvalidIdempotencyKey(APIException):
    """The header `Idempotency-Key` cannot be used."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "The Idempotency-Key must have 1 to 255 visible ASCII characters."
    default_code = "invalid_idempotency_key"
