"""Error answers that Django makes outside of our views: below `/api/` in the API's shape, elsewhere its own."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views import defaults
from rest_framework.permissions import SAFE_METHODS

from limits.service import READ, WRITE, count_request, get_client_address, write_rate_headers
from program_enrollments.rest_api.errors import error_body

API_PREFIX = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if _is_api(request):
        return _answer(HTTPStatus.BAD_REQUEST, "The request could not be read.", "parse_error")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if _is_api(request):
        return _answer(HTTPStatus.FORBIDDEN, "This is not allowed.", "permission_denied")
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if _is_api(request):
        return _answer(HTTPStatus.NOT_FOUND, "There is nothing at this path.", "not_found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if _is_api(request):
        return _answer(
            HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed; the request may be fine.", "internal_error"
        )
    return defaults.server_error(request)


def unknown_path(request: HttpRequest, **captured: Any) -> HttpResponseBase:
    """Answer for every path below the API's base that no endpoint has, also while DEBUG is on."""
    scope = READ if request.method in SAFE_METHODS else WRITE
    usage = count_request(scope, f"address:{get_client_address(request)}")
    if usage.is_exceeded:
        response = _answer(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.", "throttled")
        response["Retry-After"] = str(usage.reset_seconds)
    else:
        response = _answer(HTTPStatus.NOT_FOUND, "There is nothing at this path.", "not_found")
    write_rate_headers(response, usage)
    return response


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIX)


def _answer(status: HTTPStatus, message: str, code: str) -> JsonResponse:
    return JsonResponse(error_body(message, code), status=status)
