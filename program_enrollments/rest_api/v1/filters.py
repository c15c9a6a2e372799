"""Query parameters that narrow a listing (contract section 5)."""

from functools import cache
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from program_enrollments.constants import (
    MAX_STUDENT_KEY_LENGTH,
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
)
from program_enrollments.rest_api.exceptions import InvalidParameter
from program_enrollments.rest_api.v1.fields import QueryTimeField, StrictUUIDField

DEFAULT_PROGRAM_TYPE = "masters"


class EnrollmentFilters(serializers.Serializer[Any]):
    student_key = serializers.ListField(
        child=serializers.CharField(max_length=MAX_STUDENT_KEY_LENGTH),
        required=False,
        help_text="Only this learner; may be repeated.",
    )
    modified_since = QueryTimeField(
        required=False,
        help_text="Only enrollments that got their status or account at or after this ISO 8601 time (default UTC)."
        " `course_staff` does not count.",
    )
    curriculum_uuid = serializers.ListField(
        child=StrictUUIDField(), required=False, help_text="Only enrollments in this curriculum; may be repeated."
    )


class ProgramEnrollmentFilters(EnrollmentFilters):
    status = serializers.ListField(
        child=serializers.ChoiceField(ProgramEnrollmentStatus.choices),
        required=False,
        help_text="Only enrollments of this status; may be repeated.",
    )
    account_exists = serializers.BooleanField(
        required=False, help_text="`true`: only learners with an account; `false`: only those who wait for one."
    )


class ProgramCourseEnrollmentFilters(EnrollmentFilters):
    status = serializers.ListField(
        child=serializers.ChoiceField(ProgramCourseEnrollmentStatus.choices),
        required=False,
        help_text="Only enrollments of this status; may be repeated.",
    )


class ProgramTypeFilter(serializers.Serializer[Any]):
    type = serializers.CharField(
        default=DEFAULT_PROGRAM_TYPE,
        allow_blank=True,
        help_text="Only programs of this type, by name or slug in any case.",
    )


def read_filters(filters_class: type[serializers.Serializer[Any]], params: QueryDict) -> dict[str, Any]:
    """Return the values of the parameters that were given. Raises: InvalidParameter: names the first bad one."""
    if filters_class._declared_fields.keys().isdisjoint(params):
        return dict(_read_no_parameters(filters_class))
    filters = filters_class(data={})
    filters.initial_data = {
        name: params.getlist(name) if isinstance(field, serializers.ListField) else params[name]
        for name, field in filters.fields.items()
        if name in params
    }
    if not filters.is_valid():
        name, errors = next(iter(filters.errors.items()))
        raise InvalidParameter(name, _first_sentence(errors))
    return dict(filters.validated_data)


@cache
def _read_no_parameters(filters_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    filters = filters_class(data={})
    filters.is_valid(raise_exception=True)
    return dict(filters.validated_data)


def _first_sentence(errors: Any) -> str:
    while not isinstance(errors, str):
        errors = next(iter(errors.values() if isinstance(errors, dict) else errors))
    return errors
