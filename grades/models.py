"""Grades as recorded in our database (contract section 5.1)."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from model_utils.models import TimeStampedModel
from opaque_keys.edx.django.models import CourseKeyField


class CourseGrade(TimeStampedModel):
    """The grade of one account in one course run. `percent` is a fraction 0-1."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="course_grades", db_index=False
    )  # the unique constraint's index begins with it
    course_key = CourseKeyField(max_length=255)
    percent = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="A fraction from 0 to 1, like 0.88.",
    )
    letter_grade = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 -- null is published
    passed = models.BooleanField(default=False)
    passed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["user", "course_key"], name="coursegrade_once"),
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=1), name="coursegrade_percent_is_fraction"),
        )
        indexes = (models.Index(fields=["passed_at"], name="coursegrade_passed_at"),)

    def __str__(self) -> str:
        return f"grade {self.pk}"
