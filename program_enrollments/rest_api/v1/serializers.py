"""Bodies in and out. Input serializers judge shape only; what is wrong with one learner's values, `api` reports."""

from typing import Any, ClassVar, cast

from rest_framework import serializers

from grades.service import CourseGrade
from program_enrollments.api import (
    CourseRunOverview,
    ProgramCourseEnrollmentRow,
    ProgramCourseGrade,
    ProgramEnrollmentRow,
)
from program_enrollments.constants import CourseRunStatus, ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus
from program_enrollments.rest_api.v1.fields import (
    AbsoluteUrlField,
    StatusField,
    StrictBooleanField,
    StrictUUIDField,
    StudentKeyField,
)


class ObjectSerializer(serializers.Serializer[Any]):
    default_error_messages: ClassVar = {"invalid": "Must be an object."}


class ProgramEnrollmentRecordSerializer(ObjectSerializer):
    student_key = StudentKeyField(help_text="The school's own key for the learner. `external_user_key` is an alias.")
    status = StatusField(help_text="The status to set.")
    curriculum_uuid = StrictUUIDField(help_text="The curriculum in which the learner is enrolled.")


class ProgramEnrollmentChangeSerializer(ProgramEnrollmentRecordSerializer):
    curriculum_uuid = StrictUUIDField(
        required=False, allow_null=True, help_text="Which of the learner's enrollments in the program is meant."
    )


class ProgramCourseEnrollmentRecordSerializer(ObjectSerializer):
    student_key = StudentKeyField(help_text="The school's own key for the learner. `external_user_key` is an alias.")
    status = StatusField(help_text="The status to set.")
    course_staff = StrictBooleanField(
        required=False,
        allow_null=True,
        help_text="Give (`true`) or take away (`false`) the staff role on the run; absent or null leaves it as it is.",
    )


class ProgramEnrollmentSerializer(serializers.Serializer[Any]):
    """Written out by hand: field by field it would take several times as long."""

    student_key = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(ProgramEnrollmentStatus.choices)
    account_exists = serializers.BooleanField()
    curriculum_uuid = serializers.UUIDField()
    username = serializers.CharField(help_text="Empty when there is no account.")
    email = serializers.CharField(help_text="Empty when there is no account.")

    def to_representation(self, instance: ProgramEnrollmentRow) -> dict[str, Any]:
        return {
            "student_key": instance.external_user_key,
            "status": instance.status,
            "account_exists": instance.user_id is not None,
            "curriculum_uuid": instance.curriculum_uuid,
            "username": instance.username or "",
            "email": instance.email or "",
        }


class ProgramCourseEnrollmentSerializer(serializers.Serializer[Any]):
    """As `ProgramEnrollmentSerializer`."""

    student_key = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(ProgramCourseEnrollmentStatus.choices)
    account_exists = serializers.BooleanField()
    curriculum_uuid = serializers.UUIDField()
    course_staff = serializers.BooleanField(
        help_text="The learner is staff of the run, or will be as soon as there is an account."
    )

    def to_representation(self, instance: ProgramCourseEnrollmentRow) -> dict[str, Any]:
        return {
            "student_key": instance.external_user_key,
            "status": instance.status,
            "account_exists": instance.user_id is not None,
            "curriculum_uuid": instance.curriculum_uuid,
            "course_staff": instance.is_course_staff,
        }


class GradeSerializer(serializers.Serializer[Any]):
    """As `ProgramEnrollmentSerializer`."""

    student_key = serializers.CharField(allow_null=True)
    letter_grade = serializers.CharField(allow_null=True)
    passed = serializers.BooleanField()
    percent = serializers.FloatField(min_value=0, max_value=1, help_text="A fraction, 0 to 1.")

    def to_representation(self, instance: ProgramCourseGrade) -> dict[str, Any]:
        grade = cast(CourseGrade, instance.grade)
        return {
            "student_key": instance.student_key,
            "letter_grade": grade.letter_grade,
            "passed": grade.passed,
            "percent": grade.percent,
        }


class GradeErrorSerializer(serializers.Serializer[Any]):
    """As `ProgramEnrollmentSerializer`."""

    student_key = serializers.CharField(allow_null=True)
    error = serializers.CharField(help_text="Why the grade could not be read.")

    def to_representation(self, instance: ProgramCourseGrade) -> dict[str, Any]:
        return {"student_key": instance.student_key, "error": instance.error}


class ReadableProgramSerializer(serializers.Serializer[Any]):
    uuid = serializers.UUIDField()
    slug = serializers.CharField(source="marketing_slug")


class DueDateSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    url = AbsoluteUrlField()
    date = serializers.DateTimeField()


class CourseRunOverviewSerializer(serializers.Serializer[Any]):
    """Needs the request in its context. Fields that are not required are left out when there is nothing to tell."""

    course_run_id = serializers.CharField(source="course_key")
    display_name = serializers.CharField(source="title")
    course_run_url = AbsoluteUrlField(source="home_url")
    start_date = serializers.DateTimeField(source="start", allow_null=True)
    end_date = serializers.DateTimeField(source="end", allow_null=True)
    course_run_status = serializers.ChoiceField(CourseRunStatus.choices, source="status")
    due_dates = DueDateSerializer(many=True, help_text="In date order; empty unless the run is in progress.")
    resume_course_run_url = AbsoluteUrlField(
        source="resume_url", required=False, help_text="Where the learner left off; only if there is progress."
    )
    certificate_download_url = AbsoluteUrlField(
        source="certificate_url", required=False, help_text="Only if there is a certificate to download."
    )
    emails_enabled = serializers.BooleanField(
        required=False, help_text="Only if the run has course e-mail: false if the learner opted out."
    )
    micromasters_title = serializers.CharField(required=False, help_text="Only in programs of type MicroMasters.")

    def to_representation(self, instance: CourseRunOverview) -> dict[str, Any]:
        row = super().to_representation(instance)
        always = {"start_date", "end_date"}
        return {name: value for name, value in row.items() if value is not None or name in always}


class ResetSerializer(ObjectSerializer):
    organization = serializers.CharField(help_text="Key of the organization.")
    programs = serializers.ListField(
        child=StrictUUIDField(),
        required=False,
        allow_empty=False,
        help_text="The programs to wipe; without it, all that the organization authors.",
    )
