"""Query parameters of listings and exports."""

from typing import Any

from rest_framework import serializers

from imports.constants import ExportFormat, RowOutcome
from program_enrollments.rest_api.v1.filters import ProgramCourseEnrollmentFilters, ProgramEnrollmentFilters


class RowFilters(serializers.Serializer[Any]):
    outcome = serializers.ListField(
        child=serializers.ChoiceField(RowOutcome.choices),
        required=False,
        help_text="Only rows of this outcome; may be repeated.",
    )


class ProgramExportFilters(ProgramEnrollmentFilters):
    fmt = serializers.ChoiceField(ExportFormat.choices, default=ExportFormat.CSV, help_text="Form of the file.")


class CourseExportFilters(ProgramCourseEnrollmentFilters):
    fmt = serializers.ChoiceField(ExportFormat.choices, default=ExportFormat.CSV, help_text="Form of the file.")
