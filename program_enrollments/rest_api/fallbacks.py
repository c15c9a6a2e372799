"""Error answers that Django makes outside of our views: below `/api/` in the API's shape, elsewhere its own."""

import sys
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import SAFE_METHODS

from limits.service import READ, WRITE, count_request, get_client_address, write_rate_headers
from program_enrollments.outages import is_outage
from program_enrollments.rest_api.errors import error_body
from program_enrollments.rest_api.exceptions import ServiceUnavailable

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
    if is_outage(sys.exception()):  # one that a middleware met: `config.middleware` sees to those of views
        return service_unavailable(request)
    if _is_api(request):
        return _answer(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "The server failed; this need not be a fault of your request.",
            "internal_error",
        )
    return defaults.server_error(request)


def service_unavailable(request: HttpRequest) -> HttpResponseBase:
    """Answer 503 while the database, or the catalog, cannot be used: a page to browsers, else the API's shape."""
    if not _is_api(request) and "text/html" in request.headers.get("Accept", ""):
        page = render_to_string("program_enrollments/service_unavailable.html")
        response: HttpResponseBase = HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE)
    else:
        message, code = ServiceUnavailable.default_detail, ServiceUnavailable.default_code
        body = error_body(message, code)
        if not _is_api(request):
            body |= {"error": "temporarily_unavailable", "error_description": message}  # as OAuth clients read it
        response = JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(ServiceUnavailable.wait)
    return response


@csrf_exempt
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
