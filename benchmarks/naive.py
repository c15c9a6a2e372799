"""What the original system does, for comparison: an ORM save with simple-history for each record, instances for pages.

Authentication, authorization and counting of requests are those of the service.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from learners.service import User, find_user_ids_by_student_keys
from program_enrollments.api import get_program
from program_enrollments.models import ProgramEnrollment
from program_enrollments.rest_api.v1.mixins import EnrollmentsViewSet
from program_enrollments.rest_api.v1.serializers import ProgramEnrollmentRecordSerializer


@transaction.atomic
def write_one_by_one(*, program_uuid: UUID, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Create or update the records' enrollments, one `save()` each. Returns: {student key: status}."""
    program = get_program(program_uuid)
    keys = [record["student_key"] for record in records]
    user_ids = find_user_ids_by_student_keys(organization_key=program.authoring_organizations[0].key, student_keys=keys)
    users = User.objects.in_bulk(list(user_ids.values()))
    standing = {
        (row.external_user_key, row.curriculum_uuid): row
        for row in ProgramEnrollment.objects.filter(program_uuid=program_uuid, external_user_key__in=keys)
    }
    for record in records:
        enrollment = standing.get((record["student_key"], record["curriculum_uuid"]))
        if enrollment is None:
            enrollment = ProgramEnrollment(
                user=users.get(user_ids.get(record["student_key"], 0)),
                external_user_key=record["student_key"],
                program_uuid=program_uuid,
                curriculum_uuid=record["curriculum_uuid"],
            )
        enrollment.status = record["status"]
        enrollment.save()
    return {record["student_key"]: record["status"] for record in records}


class NaiveSerializer(serializers.ModelSerializer[ProgramEnrollment]):
    student_key = serializers.CharField(source="external_user_key")
    account_exists = serializers.SerializerMethodField()
    username = serializers.CharField(source="user.username", default="")
    email = serializers.CharField(source="user.email", default="")

    class Meta:
        model = ProgramEnrollment
        fields: ClassVar = ["student_key", "status", "account_exists", "curriculum_uuid", "username", "email"]

    def get_account_exists(self, enrollment: ProgramEnrollment) -> bool:
        return enrollment.user is not None


class NaivePagination(CursorPagination):
    ordering = "id"
    page_size = 100


class NaiveEnrollmentsViewSet(EnrollmentsViewSet):
    """The program's enrollments by DRF's own means."""

    pagination_class = NaivePagination
    serializer_class = NaiveSerializer

    def list(self, request: Request, **kwargs: Any) -> Response:
        rows = ProgramEnrollment.objects.filter(program_uuid=self.program.uuid).select_related("user")
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def update(self, request: Request, **kwargs: Any) -> Response:
        serializer = ProgramEnrollmentRecordSerializer(data=request.data, many=True)
        serializer.is_valid(raise_exception=True)
        return Response(write_one_by_one(program_uuid=self.program.uuid, records=serializer.validated_data))
