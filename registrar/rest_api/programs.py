"""Programs and their course runs."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.service import Program
from registrar.constants import ApiPermission
from registrar.programs import get_title, list_active_runs, list_permissions, list_programs
from registrar.rest_api import schema
from registrar.rest_api.base import ProgramView, RegistrarView


def describe_program(view: RegistrarView, program: Program) -> dict[str, Any]:
    return {
        "program_key": program.key,
        "program_title": get_title(program),
        "program_url": program.marketing_url or None,
        "program_type": program.type or None,
        "permissions": list_permissions(view.access, program),
    }


class ProgramsView(RegistrarView):
    """The programs of the caller."""

    @schema.programs
    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response([describe_program(self, program) for program in self.list_programs()])

    def list_programs(self) -> list[Program]:
        params = self.request.query_params
        permission = params.get("user_has_perm") or ApiPermission.READ_METADATA.value
        if permission not in ApiPermission.values:
            raise NotFound
        return list_programs(
            self.access,
            permission=ApiPermission(permission),
            organization_key=params.get("org", ""),
            title=params.get("program_title", ""),
        )


class ProgramPagination(PageNumberPagination):
    page_size = 100
    page_size_query_param = "page_size"


class PagedProgramsView(ProgramsView):
    """The same, a page at a time."""

    @schema.paged_programs
    def get(self, request: Request, **kwargs: Any) -> Response:
        pagination = ProgramPagination()
        page = pagination.paginate_queryset(self.list_programs(), request, view=self)
        return pagination.get_paginated_response([describe_program(self, program) for program in page or []])


class OneProgramView(ProgramView):
    """A program."""

    needs = {"GET": ApiPermission.READ_METADATA}  # noqa: RUF012 -- a constant

    @schema.program
    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(describe_program(self, self.program))


class CoursesView(ProgramView):
    """The course runs of a program's active curriculum."""

    needs = {"GET": ApiPermission.READ_METADATA}  # noqa: RUF012 -- a constant

    @schema.courses
    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(
            [
                {
                    "course_id": str(run.key),
                    "external_course_key": run.external_key,
                    "course_title": run.title or None,
                    "course_url": run.marketing_url or None,
                }
                for _, run in list_active_runs(self.program)
            ]
        )
