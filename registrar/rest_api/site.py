"""Registrar's routes beside those of programs and jobs."""

from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.views import defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from registrar.programs import get_program
from registrar.rest_api.base import RegistrarView


@require_safe
@never_cache
def show_csrf_token(request: HttpRequest) -> JsonResponse:
    """Give a page of another origin what it must send along with its writes; CORS says which origins may read it."""
    return JsonResponse({"csrfToken": get_token(request)})


@require_safe
@never_cache
def show_health(request: HttpRequest) -> JsonResponse:
    """Tell whether the database answers, in Registrar's words; probes of ours are below."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        word, status = "OK", HTTPStatus.OK
    except (OperationalError, InterfaceError):
        word, status = "UNAVAILABLE", HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"overall_status": word, "detailed_status": {"database_status": word}}, status=status)


@csrf_exempt
def show_nothing(request: HttpRequest, **captured: Any) -> HttpResponseBase:
    """Answer with a page for people, as Registrar did, also while DEBUG is on."""
    return defaults.page_not_found(request, Http404())


class IsStaffOrNothingIsThere(BasePermission):
    """The caller is a member of staff. Raises: NotFound."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if not view.access.is_unlimited:
            raise NotFound
        return True


class CacheView(RegistrarView):
    """Drops what is remembered of the catalog. Nothing is: the catalog is mirrored here, by `load_catalog`."""

    permission_classes = (IsStaffOrNothingIsThere,)

    def delete(self, request: Request, program_key: str | None = None, **kwargs: Any) -> Response:
        if program_key is not None:
            get_program(program_key)
        return Response(status=HTTPStatus.NO_CONTENT)
