"""Accounts, and what they hold in course runs (contract sections 5.3 and 7)."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from model_utils.models import TimeStampedModel
from opaque_keys.edx.django.models import CourseKeyField

from learners.constants import CourseMode, CourseRole


class User(AbstractUser):
    """An account: a learner, a member of a school's staff, or a partner's system."""

    class Meta(AbstractUser.Meta):
        indexes = (models.Index(models.functions.Lower("email"), name="user_email_any_case"),)


class IdentityProvider(TimeStampedModel):
    """Where an organization's learners sign in. Their identities there are `<slug>:<student key>`."""

    organization = models.ForeignKey(
        "catalog.Organization", on_delete=models.CASCADE, related_name="identity_providers"
    )
    slug = models.SlugField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class CourseEnrollment(TimeStampedModel):
    """An account's place in a course run, through a program or not."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="course_enrollments", db_index=False
    )  # the unique constraint's index begins with it
    course_key = CourseKeyField(max_length=255)
    mode = models.CharField(max_length=64, default=CourseMode.AUDIT)
    is_active = models.BooleanField(default=True)
    resume_url = models.CharField(
        max_length=2000, blank=True, default="", help_text="Where the learner left off; empty before any progress."
    )

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["user", "course_key"], name="courseenrollment_once"),)

    def __str__(self) -> str:
        return f"course enrollment {self.pk}"


class CourseAccessRole(TimeStampedModel):
    """A role of an account on a course run."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="course_access_roles", db_index=False
    )  # the unique constraint's index begins with it
    course_key = CourseKeyField(max_length=255)
    role = models.CharField(max_length=64, choices=CourseRole)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["user", "course_key", "role"], name="courseaccessrole_once"),
            models.CheckConstraint(condition=Q(role__in=CourseRole.values), name="courseaccessrole_known_role"),
        )

    def __str__(self) -> str:
        return f"{self.role} of {self.course_key}"


class Certificate(TimeStampedModel):
    """What an account earned in a course run."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="certificates", db_index=False
    )  # the unique constraint's index begins with it
    course_key = CourseKeyField(max_length=255)
    is_passing = models.BooleanField(default=True)
    created_date = models.DateTimeField(default=timezone.now)
    download_url = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["user", "course_key"], name="certificate_once"),)

    def __str__(self) -> str:
        return f"certificate {self.pk}"


class EmailOptOut(TimeStampedModel):
    """An account that does not want the course e-mail of a run."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="email_opt_outs", db_index=False
    )  # the unique constraint's index begins with it
    course_key = CourseKeyField(max_length=255)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["user", "course_key"], name="emailoptout_once"),)

    def __str__(self) -> str:
        return f"opt-out {self.pk}"
