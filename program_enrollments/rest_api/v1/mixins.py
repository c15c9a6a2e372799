"""What the viewsets of this version have in common."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.conf import settings
from django.utils.functional import cached_property
from opaque_keys.edx.keys import CourseKey
from rest_framework import exceptions, serializers
from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from access.service import Credentials, ProgramAccess, Scope, get_program_access
from catalog.service import Program, RunPlacement
from learners.service import User
from program_enrollments.api import ChangeSource, IdBounds, get_program, get_run_placement, parse_course_key
from program_enrollments.constants import WriteAction, WriteFailure
from program_enrollments.exceptions import ProgramDoesNotExist
from program_enrollments.rest_api.exceptions import TooManyRecords
from program_enrollments.rest_api.v1.bodies import read_json, read_records
from program_enrollments.rest_api.v1.fields import parse_uuid
from program_enrollments.rest_api.v1.idempotency import idempotent
from program_enrollments.rest_api.v1.pagination import EnrollmentPagination
from program_enrollments.rest_api.v1.permissions import HasProgramAccess
from program_enrollments.rest_api.v1.throttles import RateLimitMixin

FAILURES = frozenset(WriteFailure.values)


class PathMetadata(SimpleMetadata):
    """What OPTIONS tells of a path: its name, and the media types that go in and out."""

    def determine_actions(self, request: Request, view: Any) -> dict[str, Any]:
        """Leave the fields of bodies to the API's documentation."""
        return {}


class CallerMixin(RateLimitMixin):
    """Knows who asks, and what they may do."""

    metadata_class = PathMetadata

    @property
    def caller(self) -> User:
        """The account that asks; permissions have refused anonymous callers."""
        return cast(User, self.request.user)

    @cached_property
    def access(self) -> ProgramAccess:
        """What the caller may do in programs; nothing while the caller is anonymous."""
        return get_program_access(self.caller, cast(Credentials | None, self.request.auth))


class ApiViewSet(CallerMixin, GenericViewSet[Any]):
    """Answers who asks (401, 429, 403) before what is asked for (404, 405, 406, and then the body)."""

    http_method_names = ("get", "head", "options", "post", "patch", "put")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            super().initial(request, *args, **kwargs)
        except exceptions.NotAcceptable:
            self.perform_authentication(request)
            self.check_permissions(request)
            raise


class ProgramMixin:
    """For paths with a `{program_uuid}`."""

    kwargs: dict[str, Any]

    @cached_property
    def program(self) -> Program:
        """The program of the path. Raises: ProgramDoesNotExist, for malformed uuids too."""
        program_uuid = parse_uuid(self.kwargs["program_uuid"])
        if program_uuid is None:
            raise ProgramDoesNotExist("There is no such program: the path has no valid uuid.")
        return get_program(program_uuid)


class EnrollmentsViewSet(ProgramMixin, ApiViewSet):
    """Enrollments in a program, for those who have access to it."""

    permission_classes = (HasProgramAccess,)
    read_scope = Scope.ENROLLMENTS_READ
    write_scope = Scope.ENROLLMENTS_WRITE

    @property
    def bounds(self) -> IdBounds:
        """Within which ids the rows of the page are that is asked for."""
        return cast(EnrollmentPagination, self.paginator).read_bounds(self.request)

    @property
    def row_limit(self) -> int:
        """How many of those rows are to be read: the page's, and one more that tells whether there is a next page."""
        return cast(EnrollmentPagination, self.paginator).read_page_size(self.request) + 1


class CourseRunViewSet(EnrollmentsViewSet):
    """For paths with a `{course_id}` in a program. A wrong path is answered before the body is read."""

    course_key: CourseKey
    placement: RunPlacement

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.course_key = parse_course_key(self.kwargs["course_id"])
        self.placement = get_run_placement(self.program, self.course_key)


class EnrollmentWriteMixin:
    """POST creates, PATCH updates, PUT does either: records in, a map of outcomes out (contract section 4)."""

    record_serializers: ClassVar[Mapping[WriteAction, type[serializers.Serializer[Any]]]]

    @idempotent
    def create(self, request: Request, **kwargs: Any) -> Response:
        return self._write(request, WriteAction.CREATE)

    @idempotent
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        return self._write(request, WriteAction.UPDATE)

    @idempotent
    def update(self, request: Request, **kwargs: Any) -> Response:
        return self._write(request, WriteAction.UPSERT)

    def write_records(
        self, action: WriteAction, records: Sequence[Mapping[str, Any]], source: ChangeSource
    ) -> Mapping[str, str]:
        """Write well-formed records. Returns: {student key: status that now stands, or `WriteFailure`}."""
        raise NotImplementedError

    def _write(self, request: Request, action: WriteAction) -> Response:
        body = read_json(request)
        if not isinstance(body, list):
            raise exceptions.ValidationError(["Expected a list of records."])
        if len(body) > settings.MAX_RECORDS_PER_WRITE:
            raise TooManyRecords(sent=len(body), limit=settings.MAX_RECORDS_PER_WRITE)
        if not body:
            return Response(status=HTTPStatus.NO_CONTENT)
        records = read_records(self.record_serializers[action], body)
        outcomes = self.write_records(action, records, change_source(request))
        return Response(outcomes, status=multi_status(outcome not in FAILURES for outcome in outcomes.values()))


def change_source(request: Request) -> ChangeSource:
    """Say in history that this request made a change."""
    return ChangeSource(user_id=request.user.pk, reason=f"API {request.method}")


def multi_status(successes: Iterable[bool]) -> HTTPStatus:
    """Sum up one or more learners' outcomes: 200 all good, 207 some, 422 none (contract sections 4 and 5.1)."""
    counts = Counter(successes)
    if not counts[False]:
        return HTTPStatus.OK
    return HTTPStatus.MULTI_STATUS if counts[True] else HTTPStatus.UNPROCESSABLE_ENTITY
