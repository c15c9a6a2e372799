"""The choices at the side of the lists."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from program_enrollments.admin.programs import list_programs_in_use

Rows = QuerySet[Any]


class ProgramFilter(SimpleListFilter):
    title = "program"
    parameter_name = "program"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        self.lookup = f"{model_admin.enrollment_prefix}program_uuid"
        return [(str(uuid), program.title) for uuid, program in list_programs_in_use(request).items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        chosen = self.value()
        if chosen is None:
            return queryset
        try:
            return queryset.filter(**{self.lookup: UUID(chosen)})
        except ValueError:
            return queryset.none()


class OrganizationFilter(SimpleListFilter):
    title = "organization"
    parameter_name = "organization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        self.lookup = f"{model_admin.enrollment_prefix}program_uuid__in"
        organizations = {
            organization.key: organization.name or organization.key
            for program in list_programs_in_use(request).values()
            for organization in program.authoring_organizations
        }
        return sorted(organizations.items())

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        chosen = self.value()
        if chosen is None:
            return queryset
        program_uuids = [
            uuid
            for uuid, program in list_programs_in_use(request).items()
            if chosen in {organization.key for organization in program.authoring_organizations}
        ]
        return queryset.filter(**{self.lookup: program_uuids})


class AccountFilter(SimpleListFilter):
    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        self.lookup = f"{model_admin.enrollment_prefix}user__isnull"
        return [("linked", "Linked"), ("waiting", "Waiting")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() not in {"linked", "waiting"}:
            return queryset
        return queryset.filter(**{self.lookup: self.value() == "waiting"})
