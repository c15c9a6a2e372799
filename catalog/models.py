"""The catalog as mirrored in our database (contract section 6)."""

from uuid import uuid4

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from model_utils.models import TimeStampedModel
from opaque_keys.edx.django.models import CourseKeyField

from catalog.constants import ACTIVE_STATUS, Pacing

validate_web_address = URLValidator(schemes=("http", "https"))


def make_program_key() -> str:
    """Return a key for a program that nobody has named."""
    return f"program-{uuid4().hex}"


class PositionedLink(models.Model):
    """A row of a many-to-many relation whose order matters; equal positions keep the order of insertion."""

    position = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
        ordering = ("position", "id")


class Organization(TimeStampedModel):
    """A school that authors programs."""

    key = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key


class Course(TimeStampedModel):
    """A course, taught in any number of runs."""

    key = models.CharField(max_length=255, unique=True)
    title = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return f"{self.key} {self.title}".strip()


class CourseRun(TimeStampedModel):
    """One run of a course. `external_key` is the school's own name for it."""

    key = CourseKeyField(max_length=255, unique=True)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="runs")
    external_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 -- absent differs from ""
    title = models.CharField(max_length=255, blank=True, default="")
    marketing_url = models.CharField(max_length=2000, blank=True, default="", validators=[validate_web_address])
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)
    pacing = models.CharField(max_length=10, choices=Pacing, default=Pacing.INSTRUCTOR)
    email_enabled = models.BooleanField(default=False, help_text="Course e-mail is switched on for this run.")

    class Meta:
        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=Q(pacing__in=Pacing.values), name="courserun_known_pacing"),)

    def __str__(self) -> str:
        return str(self.key)


class DueDate(TimeStampedModel):
    """Something that is due in a course run."""

    course_run = models.ForeignKey(CourseRun, on_delete=models.CASCADE, related_name="due_dates")
    name = models.CharField(max_length=255)
    url = models.CharField(max_length=2000, blank=True, default="")
    date = models.DateTimeField()

    class Meta:
        ordering = ("date", "id")

    def __str__(self) -> str:
        return self.name


class Program(TimeStampedModel):
    """A program of courses. The first of its authoring organizations administers it."""

    uuid = models.UUIDField(unique=True, default=uuid4)
    key = models.SlugField(
        max_length=255,
        unique=True,
        db_index=False,
        default=make_program_key,
        help_text="Names the program in the Registrar API's addresses.",
    )
    title = models.CharField(max_length=255, blank=True, default="")
    type = models.CharField(max_length=64, blank=True, default="", help_text="As the catalog names it, like Masters.")
    marketing_slug = models.CharField(max_length=255, blank=True, default="")
    marketing_url = models.CharField(max_length=2000, blank=True, default="", validators=[validate_web_address])
    status = models.CharField(max_length=24, blank=True, default=ACTIVE_STATUS)
    authoring_organizations = models.ManyToManyField(
        Organization, through="ProgramOrganization", related_name="programs", blank=True
    )
    courses = models.ManyToManyField(Course, through="ProgramCourse", related_name="programs", blank=True)

    class Meta:
        ordering = ("title", "id")
        constraints = (models.CheckConstraint(condition=Q(key__regex="^[a-zA-Z0-9_-]+$"), name="program_key_is_slug"),)

    def __str__(self) -> str:
        return self.title or str(self.uuid)


class ProgramOrganization(PositionedLink):
    """An organization that authors a program."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)

    class Meta(PositionedLink.Meta):
        constraints = (models.UniqueConstraint(fields=["program", "organization"], name="programorganization_once"),)

    def __str__(self) -> str:
        return f"{self.organization} authors {self.program}"


class ProgramCourse(PositionedLink):
    """A course that a program lists itself, outside of its curricula."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE)
    course = models.ForeignKey(Course, on_delete=models.CASCADE)

    class Meta(PositionedLink.Meta):
        constraints = (models.UniqueConstraint(fields=["program", "course"], name="programcourse_once"),)

    def __str__(self) -> str:
        return f"{self.course} in {self.program}"


class Curriculum(TimeStampedModel):
    """A version of what a program's learners study: courses, and child programs."""

    uuid = models.UUIDField(unique=True, default=uuid4)
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="curricula")
    name = models.CharField(max_length=255, blank=True, default="")
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    courses = models.ManyToManyField(Course, through="CurriculumCourse", related_name="curricula", blank=True)
    programs = models.ManyToManyField(
        Program, through="CurriculumProgram", related_name="parent_curricula", blank=True, verbose_name="child programs"
    )

    class Meta:
        ordering = ("position", "id")
        verbose_name_plural = "curricula"

    def __str__(self) -> str:
        return self.name or str(self.uuid)


class CurriculumCourse(PositionedLink):
    """A course in a curriculum."""

    curriculum = models.ForeignKey(Curriculum, on_delete=models.CASCADE)
    course = models.ForeignKey(Course, on_delete=models.CASCADE)

    class Meta(PositionedLink.Meta):
        constraints = (models.UniqueConstraint(fields=["curriculum", "course"], name="curriculumcourse_once"),)

    def __str__(self) -> str:
        return f"{self.course} in {self.curriculum}"


class CurriculumProgram(PositionedLink):
    """A child program of a curriculum."""

    curriculum = models.ForeignKey(Curriculum, on_delete=models.CASCADE)
    program = models.ForeignKey(Program, on_delete=models.CASCADE)

    class Meta(PositionedLink.Meta):
        constraints = (models.UniqueConstraint(fields=["curriculum", "program"], name="curriculumprogram_once"),)

    def __str__(self) -> str:
        return f"{self.program} in {self.curriculum}"
