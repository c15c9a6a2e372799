"""What the views have in common: who may ask, in which form, and what a path names."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import FileResponse, Http404
from django.utils.functional import cached_property
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from access.service import Scope
from catalog.service import CourseRun, Program
from program_enrollments.rest_api.v1.mixins import CallerMixin
from registrar.constants import ApiPermission, ResultFormat
from registrar.exceptions import NotInService
from registrar.models import Job
from registrar.programs import get_course_run, get_program, get_scope, holds_permission
from registrar.rest_api.authentication import RegistrarTokenAuthentication
from registrar.rest_api.errors import build_job_url, exception_handler
from registrar.rest_api.schema import RegistrarSchema

JSON = "json"


class FormatNegotiation(DefaultContentNegotiation):
    """JSON, also by the parameter `format`; there is nothing at other formats."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        if request.query_params.get("format") not in (None, "", JSON):
            raise Http404
        return super().select_renderer(request, renderers, format_suffix)


class RegistrarView(CallerMixin):
    """Answers 406, 401, the program's 404, 403, 405, the course run's 404, and then what is wrong with the rest.

    `version` is that of the path.
    """

    authentication_classes = (RegistrarTokenAuthentication, SessionAuthentication)
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    content_negotiation_class: type[BaseContentNegotiation] = FormatNegotiation
    schema = RegistrarSchema()

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return exception_handler


class HoldsPermission(BasePermission):
    """The caller holds the permission on the program that the view's `needs` names for the method.

    Raises: NotInService, for those who hold a role somewhere: others shall not learn which programs there are.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated or not view.access.holds_any_role():
            return False
        program, permission = view.program, view.get_needed_permission(request.method)
        scope = view.get_needed_scope(request.method)
        if not view.access.has_scope(scope):
            raise PermissionDenied(f"The token lacks the scope {scope}.")
        return holds_permission(view.access, program, permission, scope)


class ProgramView(RegistrarView):
    """For paths with a `{program_key}`.

    `needs`: {method: permission}; methods that are not there (405) need the first. `scope`: what a token must be good
    for, if not what is usual for the permission.
    """

    permission_classes = (HoldsPermission,)
    needs: ClassVar[Mapping[str, ApiPermission]]
    scope: ClassVar[Scope | None] = None

    def get_needed_permission(self, method: str) -> ApiPermission:
        """Return what a request of this method needs; HEAD is as good as GET."""
        return self.needs.get("GET" if method == "HEAD" else method, next(iter(self.needs.values())))

    def get_needed_scope(self, method: str) -> Scope:
        """Return what a token must be good for, for a request of this method."""
        return self.scope or get_scope(self.get_needed_permission(method))

    @cached_property
    def program(self) -> Program:
        """The program of the path. Raises: NotInService."""
        return get_program(self.kwargs["program_key"])


class CourseRunView(ProgramView):
    """For paths with a `{course_id}` in a program."""

    run: CourseRun

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if hasattr(self, (request.method or "").lower()):
            self.run = get_course_run(self.program, self.kwargs["course_id"])


def read_format(request: Request) -> ResultFormat:
    """Return in what form a read shall be written. Raises: NotInService: there is no such form."""
    fmt = request.query_params.get("fmt", JSON)
    if fmt not in ResultFormat.values:
        raise NotInService
    return ResultFormat(fmt)


def accept_job(view: RegistrarView, job: Job) -> Response:
    """Answer that a job was started, and where to ask for it."""
    url = build_job_url(view, job.pk)
    return Response({"job_id": str(job.pk), "job_url": url}, status=HTTPStatus.ACCEPTED)


def download(content: Any, name: str, content_type: str) -> FileResponse:
    """Send a file, or what yields one, for the caller to save."""
    response = FileResponse(content, as_attachment=True, filename=name, content_type=content_type)
    response["Cache-Control"] = "private, no-store"
    return response
