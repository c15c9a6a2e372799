"""The endpoints (contract section 1)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from access.service import Scope
from learners.service import CourseEnrollment, User
from program_enrollments import api
from program_enrollments.api import ChangeSource
from program_enrollments.constants import WriteAction
from program_enrollments.exceptions import OverviewForbidden
from program_enrollments.rest_api.exceptions import FeatureDisabled
from program_enrollments.rest_api.v1 import schema
from program_enrollments.rest_api.v1.bodies import read_json
from program_enrollments.rest_api.v1.filters import (
    DEFAULT_PROGRAM_TYPE,
    ProgramCourseEnrollmentFilters,
    ProgramEnrollmentFilters,
    ProgramTypeFilter,
    read_filters,
)
from program_enrollments.rest_api.v1.idempotency import idempotent
from program_enrollments.rest_api.v1.mixins import (
    ApiViewSet,
    CourseRunViewSet,
    EnrollmentsViewSet,
    EnrollmentWriteMixin,
    ProgramMixin,
    change_source,
    multi_status,
)
from program_enrollments.rest_api.v1.pagination import CourseRunOverviewPagination, EnrollmentPagination
from program_enrollments.rest_api.v1.permissions import MayReset
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

OVERVIEW_DEPRECATED_AT = datetime(2026, 11, 1, tzinfo=UTC)


@schema.program_enrollments
class ProgramEnrollmentsViewSet(EnrollmentWriteMixin, EnrollmentsViewSet):
    pagination_class = EnrollmentPagination
    record_serializers: ClassVar = {
        WriteAction.CREATE: ProgramEnrollmentRecordSerializer,
        WriteAction.UPDATE: ProgramEnrollmentChangeSerializer,
        WriteAction.UPSERT: ProgramEnrollmentRecordSerializer,
    }

    def list(self, request: Request, **kwargs: Any) -> Response:
        rows = api.list_program_enrollment_page(
            program_uuid=self.program.uuid,
            bounds=self.bounds,
            limit=self.row_limit,
            filters=read_filters(ProgramEnrollmentFilters, request.query_params),
        )
        represent = ProgramEnrollmentSerializer().to_representation
        return self.get_paginated_response([represent(row) for row in self.paginate_queryset(rows) or []])

    def write_records(
        self, action: WriteAction, records: Sequence[Mapping[str, Any]], source: ChangeSource
    ) -> Mapping[str, str]:
        return api.write_enrollments_in_program(
            self.program,
            action=action,
            records=[api.ProgramEnrollmentRecord(**record) for record in records],
            source=source,
        )


@schema.program_course_enrollments
class ProgramCourseEnrollmentsViewSet(EnrollmentWriteMixin, CourseRunViewSet):
    pagination_class = EnrollmentPagination
    record_serializers: ClassVar = dict.fromkeys(WriteAction, ProgramCourseEnrollmentRecordSerializer)

    def list(self, request: Request, **kwargs: Any) -> Response:
        rows = api.list_program_course_enrollment_page(
            program_uuid=self.program.uuid,
            course_key=self.course_key,
            bounds=self.bounds,
            limit=self.row_limit,
            filters=read_filters(ProgramCourseEnrollmentFilters, request.query_params),
        )
        represent = ProgramCourseEnrollmentSerializer().to_representation
        return self.get_paginated_response([represent(row) for row in self.paginate_queryset(rows) or []])

    def write_records(
        self, action: WriteAction, records: Sequence[Mapping[str, Any]], source: ChangeSource
    ) -> Mapping[str, str]:
        return api.write_enrollments_in_run(
            self.program,
            self.placement,
            course_key=self.course_key,
            action=action,
            records=[api.ProgramCourseEnrollmentRecord(**record) for record in records],
            source=source,
        )


@schema.program_course_grades
class ProgramCourseGradesViewSet(CourseRunViewSet):
    pagination_class = EnrollmentPagination
    read_scope = Scope.GRADES_READ

    def list(self, request: Request, **kwargs: Any) -> Response:
        rows = api.list_program_course_enrollment_page(
            program_uuid=self.program.uuid,
            course_key=self.course_key,
            bounds=self.bounds,
            limit=self.row_limit,
            filters={"account_exists": True},
        )
        page = api.load_linked_course_enrollments(self.paginate_queryset(rows) or [])
        if not page:
            return Response(status=HTTPStatus.NO_CONTENT)
        grades = list(api.iter_program_course_grades(course_key=self.course_key, enrollments=page))
        of_grade, of_error = GradeSerializer(), GradeErrorSerializer()
        response = self.get_paginated_response(
            [(of_grade if grade.grade else of_error).to_representation(grade) for grade in grades]
        )
        response.status_code = multi_status(grade.error is None for grade in grades)
        return response


class ReadableProgramsViewSet(ApiViewSet):
    """Served at two paths, which clients know by different names."""

    pagination_class = None

    def list(self, request: Request, **kwargs: Any) -> Response:
        filters = read_filters(ProgramTypeFilter, request.query_params)
        programs = api.list_readable_programs(
            user=self.caller, access=self.access, program_type=filters["type"] or DEFAULT_PROGRAM_TYPE
        )
        return Response(ReadableProgramSerializer(programs, many=True).data)


@schema.readable_programs("list_learner_programs", "List the programs that one may read")
class LearnerProgramsViewSet(ReadableProgramsViewSet):
    pass


@schema.readable_programs("list_readonly_programs", "List the programs that one may read (older path)")
class ReadonlyProgramsViewSet(ReadableProgramsViewSet):
    pass


class OverviewsViewSet(ProgramMixin, ApiViewSet):
    """A learner's course runs in a program, for learners who are enrolled in it."""

    def get_overview_enrollments(self, learner: User) -> QuerySet[CourseEnrollment]:
        return api.list_overview_enrollments(user_id=learner.pk, program=self.program)

    def represent(self, learner: User, enrollments: Sequence[CourseEnrollment]) -> Any:
        overviews = api.list_course_run_overviews(
            user_id=learner.pk, program=self.program, course_enrollments=enrollments
        )
        return CourseRunOverviewSerializer(overviews, many=True, context={"request": self.request}).data


@schema.overview
class CourseRunOverviewsViewSet(OverviewsViewSet):
    """The caller's own, in one list. Deprecated: users/{username}/programs/{program_uuid}/courses/ is its successor."""

    pagination_class = None

    def list(self, request: Request, **kwargs: Any) -> Response:
        enrollments = self.get_overview_enrollments(self.caller)
        return Response({"course_runs": self.represent(self.caller, list(enrollments))})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Deprecation"] = f"@{int(OVERVIEW_DEPRECATED_AT.timestamp())}"  # RFC 9745
        if request.user.is_authenticated:
            path_args = {"username": request.user.get_username(), "program_uuid": self.kwargs["program_uuid"]}
            successor = reverse("programs_api:v1:user_program_course_enrollments", kwargs=path_args, request=request)
            response["Link"] = f'<{successor}>; rel="successor-version"'
        return response


@schema.learner_overviews
class LearnerCourseRunOverviewsViewSet(OverviewsViewSet):
    """One's own, or anyone's for those who may, a page at a time."""

    pagination_class = CourseRunOverviewPagination

    def list(self, request: Request, **kwargs: Any) -> Response:
        learner = self.get_learner()
        page = self.paginate_queryset(self.get_overview_enrollments(learner)) or []
        return self.get_paginated_response(self.represent(learner, page))

    def get_learner(self) -> User:
        username = self.kwargs["username"]
        if username == self.caller.username:
            return self.caller
        # Who can see nobody else's in any program is told so before the program is looked for.
        if not self.access.holds_any_role():
            raise OverviewForbidden(api.OWN_ONLY)
        return api.get_learner_for_others(username=username, access=self.access, program=self.program)


@schema.reset
class ResetViewSet(ApiViewSet):
    permission_classes = (MayReset,)
    write_scope = Scope.ENROLLMENTS_WRITE

    @idempotent
    def create(self, request: Request, **kwargs: Any) -> Response:
        if not settings.ENABLE_ENROLLMENT_RESET:
            raise FeatureDisabled("Resetting enrollments is switched off (setting ENABLE_ENROLLMENT_RESET).")
        serializer = ResetSerializer(data=read_json(request))
        serializer.is_valid(raise_exception=True)
        api.reset_enrollments(
            organization_key=serializer.validated_data["organization"],
            program_uuids=serializer.validated_data.get("programs"),
            source=change_source(request),
        )
        return Response("success")
