"""What a client may do, told from where it is enforced."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from access.service import list_programs_in_reach
from limits.service import get_rates
from program_enrollments.rest_api.parsers import MAX_BODY_BYTES
from program_enrollments.rest_api.v1.idempotency import MAX_KEY_LENGTH
from program_enrollments.rest_api.v1.mixins import ApiViewSet
from program_enrollments.rest_api.v1.pagination import (
    CourseRunOverviewPagination,
    EnrollmentPagination,
    IdCursorPagination,
)
from program_enrollments.rest_api.v1.schema import NO_LIST, NOT_AUTHENTICATED, answer

PAGINATIONS: dict[str, type[IdCursorPagination]] = {
    "program_enrollments": EnrollmentPagination,
    "program_course_enrollments": EnrollmentPagination,
    "program_course_grades": EnrollmentPagination,
    "user_program_course_enrollments": CourseRunOverviewPagination,
}
"""How listings are cut into pages, by the name of their route."""


class PageSizeSerializer(serializers.Serializer[Any]):
    default = serializers.IntegerField()
    maximum = serializers.IntegerField()


class RateSerializer(serializers.Serializer[Any]):
    requests = serializers.IntegerField()
    seconds = serializers.IntegerField(help_text="The length of the window in which they are counted.")


class IdempotencyKeySerializer(serializers.Serializer[Any]):
    characters = serializers.IntegerField(help_text="How long an Idempotency-Key may be.")
    hours = serializers.IntegerField(help_text="How long one is remembered.")


class ImportLimitsSerializer(serializers.Serializer[Any]):
    bytes = serializers.IntegerField(help_text="How long an uploaded file may be, as it is sent.")
    rows = serializers.IntegerField(help_text="How many rows it may have.")
    kept_days = serializers.IntegerField(help_text="How long an import is kept, and can be undone.")


class ProgramAccessSerializer(serializers.Serializer[Any]):
    all = serializers.BooleanField(help_text="True: all programs, now and later; the lists are empty then.")
    readable = serializers.ListField(child=serializers.UUIDField())
    writable = serializers.ListField(child=serializers.UUIDField())


@extend_schema_serializer(many=False)
class LimitsSerializer(serializers.Serializer[Any]):
    records_per_write = serializers.IntegerField()
    request_bytes = serializers.IntegerField(help_text="How long the body of a request may be.")
    page_sizes = serializers.DictField(child=PageSizeSerializer(), help_text="By listing.")
    rates = serializers.DictField(child=RateSerializer(), help_text="By kind of request: read, write, token.")
    idempotency_key = IdempotencyKeySerializer()
    imports = ImportLimitsSerializer()
    scopes = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Those of the token; null: it has no such bounds."
    )
    programs = ProgramAccessSerializer()


EXAMPLE = {
    "records_per_write": 25,
    "request_bytes": 1_000_000,
    "page_sizes": {
        "program_enrollments": {"default": 100, "maximum": 1000},
        "program_course_enrollments": {"default": 100, "maximum": 1000},
        "program_course_grades": {"default": 100, "maximum": 1000},
        "user_program_course_enrollments": {"default": 10, "maximum": 25},
    },
    "rates": {
        "read": {"requests": 6000, "seconds": 60},
        "write": {"requests": 3000, "seconds": 60},
        "token": {"requests": 300, "seconds": 60},
    },
    "idempotency_key": {"characters": 255, "hours": 24},
    "imports": {"bytes": 50_000_000, "rows": 1_000_000, "kept_days": 30},
    "scopes": ["enrollments:read", "enrollments:write", "grades:read", "imports:write"],
    "programs": {
        "all": False,
        "readable": ["5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11"],
        "writable": ["5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11"],
    },
}


@extend_schema_view(
    list=extend_schema(
        operation_id="get_limits",
        summary="Read the limits that hold for the caller",
        tags=["Limits"],
        responses={200: answer(LimitsSerializer, "The limits.", EXAMPLE), **NOT_AUTHENTICATED, **NO_LIST},
    )
)
class LimitsViewSet(ApiViewSet):
    """The limits that hold for the caller."""

    pagination_class = None

    def list(self, request: Request, **kwargs: Any) -> Response:
        return Response(
            {
                "records_per_write": settings.MAX_RECORDS_PER_WRITE,
                "request_bytes": MAX_BODY_BYTES,
                "page_sizes": {
                    listing: {"default": pagination.page_size, "maximum": pagination.max_page_size}
                    for listing, pagination in PAGINATIONS.items()
                },
                "rates": {
                    scope: {"requests": rate.requests, "seconds": rate.seconds} for scope, rate in get_rates().items()
                },
                "idempotency_key": {"characters": MAX_KEY_LENGTH, "hours": settings.IDEMPOTENCY_KEY_HOURS},
                "imports": {
                    "bytes": settings.IMPORT_MAX_BYTES,
                    "rows": settings.IMPORT_MAX_ROWS,
                    "kept_days": settings.IMPORT_KEPT_DAYS,
                },
                "scopes": None if self.access.scopes is None else sorted(self.access.scopes),
                "programs": self.describe_programs(),
            }
        )

    def describe_programs(self) -> dict[str, Any]:
        programs = list_programs_in_reach(self.access)
        return {
            "all": self.access.is_unlimited,
            "readable": [program.uuid for program in programs if self.access.may_read(program)],
            "writable": [program.uuid for program in programs if self.access.may_write(program)],
        }
