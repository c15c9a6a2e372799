"""Enrollments and their invariants (contract section 4, design)."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from model_utils.models import TimeStampedModel
from opaque_keys.edx.django.models import CourseKeyField
from simple_history.models import HistoricalRecords

from program_enrollments.constants import (
    MAX_STUDENT_KEY_LENGTH,
    STAFF_ROLE,
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
)
from tracing.models import TracedChange


class ProgramEnrollment(TimeStampedModel):
    """One learner's enrollment in one curriculum of a program; waiting while `user` is null."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="program_enrollments",
        db_index=False,
    )  # the unique constraint's index begins with it
    external_user_key = models.CharField("student key", max_length=MAX_STUDENT_KEY_LENGTH, null=True, blank=True)  # noqa: DJ001 -- "" would collide in the unique constraint
    program_uuid = models.UUIDField("program")
    curriculum_uuid = models.UUIDField("curriculum")
    status = models.CharField(max_length=9, choices=ProgramEnrollmentStatus)

    history = HistoricalRecords(bases=[TracedChange], history_id_field=models.BigAutoField())

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["user", "program_uuid", "curriculum_uuid"], name="programenrollment_one_per_user"
            ),
            models.UniqueConstraint(
                fields=["external_user_key", "program_uuid", "curriculum_uuid"],
                name="programenrollment_one_per_student_key",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(external_user_key__isnull=False),
                name="programenrollment_has_a_learner",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ProgramEnrollmentStatus.values), name="programenrollment_known_status"
            ),
            # What course enrollments refer to, and the index of the listing.
            models.UniqueConstraint(fields=["program_uuid", "id"], name="programenrollment_in_program"),
        )

    def __str__(self) -> str:
        return f"program enrollment {self.pk}"


class ProgramOfEnrollmentField(models.UUIDField):  # type: ignore[type-arg]  # generic for type checkers only
    """The program of the row's `program_enrollment`; taken from there where it is not given."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the value to store, which the instance has from then on."""
        if getattr(model_instance, self.attname) is None:
            setattr(model_instance, self.attname, model_instance.program_enrollment.program_uuid)  # type: ignore[attr-defined]  # models with this field have it
        return super().pre_save(model_instance, add)

    def deconstruct(self) -> Any:
        """Return what migrations need to know: an ordinary field, to them."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.UUIDField", args, kwargs


class ProgramCourseEnrollment(TimeStampedModel):
    """One learner's enrollment in a course run through a program.

    `course_enrollment` is the account's place in the run; null while the learner has no account. `program_uuid` is
    that of the program enrollment: the database holds both together by one foreign key, and a run's listing in a
    program is found by it.
    """

    program_enrollment = models.ForeignKey(
        ProgramEnrollment,
        on_delete=models.CASCADE,
        related_name="program_course_enrollments",
        db_index=False,
        db_constraint=False,
    )  # the unique constraint's index begins with it; the constraint names the program too
    program_uuid = ProgramOfEnrollmentField("program", editable=False)
    course_enrollment = models.ForeignKey(
        "learners.CourseEnrollment",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="program_course_enrollments",
    )
    course_key = CourseKeyField(max_length=255)
    status = models.CharField(max_length=9, choices=ProgramCourseEnrollmentStatus)

    history = HistoricalRecords(bases=[TracedChange], history_id_field=models.BigAutoField())

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["program_enrollment", "course_key"], name="programcourseenrollment_one_per_run"
            ),
            models.UniqueConstraint(
                fields=["course_enrollment"],
                condition=Q(status=ProgramCourseEnrollmentStatus.ACTIVE),
                name="programcourseenrollment_one_active",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ProgramCourseEnrollmentStatus.values),
                name="programcourseenrollment_known_status",
            ),
        )
        indexes = (models.Index(fields=["program_uuid", "course_key", "id"], name="progcourseenroll_listing"),)

    def __str__(self) -> str:
        return f"program course enrollment {self.pk}"


class CourseAccessRoleAssignment(TimeStampedModel):
    """A role on the course run that is granted when the enrollment's learner gets an account."""

    enrollment = models.ForeignKey(
        ProgramCourseEnrollment, on_delete=models.CASCADE, related_name="role_assignments", db_index=False
    )  # the unique constraint's index begins with it
    role = models.CharField(max_length=64, choices=[(STAFF_ROLE, "Staff")])

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["enrollment", "role"], name="courseaccessroleassignment_once"),
            models.CheckConstraint(condition=Q(role=STAFF_ROLE), name="courseaccessroleassignment_known_role"),
        )

    def __str__(self) -> str:
        return f"{self.role} waiting for enrollment {self.enrollment_id}"


class IdempotencyKey(models.Model):
    """What a requester was answered to a write that it may send again under the same key.

    `requester` is `client:<client id>` or `user:<id>`; `digest` that of the request. `body` is JSON and may name
    learners, so that rows do not outlive the time for which keys are remembered.
    """

    requester = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["requester", "key"], name="idempotencykey_one_per_requester"),)

    def __str__(self) -> str:
        return f"idempotency key {self.pk}"


class CourseNudge(models.Model):
    """An e-mail sent to a learner who passed a run of a program on a day: one at most for each of the three."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="course_nudges", db_index=False
    )  # the unique constraint's index begins with it
    program_uuid = models.UUIDField("program")
    passed_on = models.DateField(help_text="A day of the site's time zone.")
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["user", "program_uuid", "passed_on"], name="coursenudge_once_a_day"),
        )

    def __str__(self) -> str:
        return f"nudge {self.pk}"
