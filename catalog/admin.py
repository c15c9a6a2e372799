"""The catalog for staff: found fast, corrected with care.

Rows are never deleted, and what enrollments and the next `load_catalog` know them by is never changed here.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, Prefetch, QuerySet
from django.http import HttpRequest
from opaque_keys import InvalidKeyError
from opaque_keys.edx.django.models import CourseKeyField
from opaque_keys.edx.keys import CourseKey

from catalog.models import (
    Course,
    CourseRun,
    Curriculum,
    CurriculumCourse,
    CurriculumProgram,
    DueDate,
    Organization,
    Program,
    ProgramCourse,
    ProgramOrganization,
)
from catalog.searched_choices import SearchedChoicesMixin


def validate_course_key(text: str) -> None:
    """Raises: ValidationError. The model field raises an error of its own, which forms do not know."""
    try:
        CourseKey.from_string(text)
    except InvalidKeyError as error:
        raise ValidationError("Not a course run key, like course-v1:edX+ToyX+2026_T1.") from error


class MirrorAdmin(SearchedChoicesMixin, admin.ModelAdmin):
    """Rows that other tables and services refer to by the `fixed_fields`."""

    fixed_fields: ClassVar[tuple[str, ...]]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str] | tuple[str, ...]:
        """A new row may be given the key that it has elsewhere; after that it is fixed."""
        return self.fixed_fields if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody may."""
        return False


class LinkInline(SearchedChoicesMixin, admin.TabularInline):
    """Ordered links, each a position and what it leads to."""

    extra = 0
    target: ClassVar[str]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Show the position first: the list is in that order."""
        return ("position", self.target)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Catalogs are too big for a drop-down list."""
        return (self.target,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each link is named by both of its ends."""
        return super().get_queryset(request).select_related()


class ProgramOrganizationInline(LinkInline):
    """Who authors a program."""

    model = ProgramOrganization
    target = "organization"
    verbose_name = "authoring organization"
    verbose_name_plural = "authoring organizations (the first one administers)"


class ProgramCourseInline(LinkInline):
    """The courses of a program outside of its curricula."""

    model = ProgramCourse
    target = "course"
    verbose_name = "course"
    verbose_name_plural = "courses outside of the curricula"


class CurriculumCourseInline(LinkInline):
    """The courses of a curriculum."""

    model = CurriculumCourse
    target = "course"
    verbose_name = "course"


class CurriculumProgramInline(LinkInline):
    """The child programs of a curriculum."""

    model = CurriculumProgram
    target = "program"
    verbose_name = "child program"


class CurriculumInline(admin.TabularInline):
    """The curricula of a program; each has a page of its own."""

    model = Curriculum
    fields = ("position", "name", "is_active", "uuid")
    readonly_fields = ("uuid",)
    extra = 0
    can_delete = False
    show_change_link = True


class CourseRunInline(admin.TabularInline):
    """The runs of a course; each has a page of its own."""

    model = CourseRun
    fields = readonly_fields = ("key", "external_key", "start", "end", "pacing")
    extra = max_num = 0
    can_delete = False
    show_change_link = True


class DueDateInline(admin.TabularInline):
    """What is due in a course run."""

    model = DueDate
    fields = ("date", "name", "url")
    extra = 0


@admin.register(Organization)
class OrganizationAdmin(MirrorAdmin):
    """Schools."""

    fixed_fields = ("key",)
    list_display = ("key", "name", "programs_authored", "modified")
    search_fields = ("key", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count in the query of the list."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(program_count=Count("programs"))
        return rows

    @admin.display(ordering="program_count")
    def programs_authored(self, organization: Any) -> int:
        """How many programs the organization authors."""
        return int(organization.program_count)


@admin.register(Program)
class ProgramAdmin(MirrorAdmin):
    """Programs with their organizations, courses and curricula."""

    fixed_fields = ("uuid",)
    fields = ("uuid", "key", "title", "type", "status", "marketing_slug", "marketing_url")
    inlines = (ProgramOrganizationInline, CurriculumInline, ProgramCourseInline)
    list_display = ("title", "key", "type", "status", "organizations", "marketing_slug", "uuid", "modified")
    list_filter = ("status", "type", ("authoring_organizations", admin.RelatedOnlyFieldListFilter), "modified")
    search_fields = ("title", "key", "uuid", "marketing_slug", "authoring_organizations__key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the organizations of all programs of the list at once."""
        links = ProgramOrganization.objects.select_related("organization")
        return super().get_queryset(request).prefetch_related(Prefetch("programorganization_set", queryset=links))

    @admin.display(description="authoring organizations")
    def organizations(self, program: Program) -> str:
        """The keys of the organizations, in order."""
        return ", ".join(link.organization.key for link in program.programorganization_set.all())


@admin.register(Curriculum)
class CurriculumAdmin(MirrorAdmin):
    """Curricula with their courses and child programs."""

    fixed_fields = ("uuid", "program")
    fields = ("uuid", "program", "name", "is_active", "position")
    autocomplete_fields = ("program",)
    inlines = (CurriculumCourseInline, CurriculumProgramInline)
    list_display = ("name", "program", "is_active", "position", "uuid", "modified")
    list_display_links = ("name", "uuid")
    list_filter = ("is_active", "program__type", "program__status")
    list_select_related = ("program",)
    ordering = ("program__title", "program_id", "position", "id")
    search_fields = ("name", "uuid", "program__title", "program__uuid")


@admin.register(Course)
class CourseAdmin(MirrorAdmin):
    """Courses with their runs."""

    fixed_fields = ("key",)
    inlines = (CourseRunInline,)
    list_display = ("key", "title", "runs_listed", "modified")
    search_fields = ("key", "title")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count in the query of the list."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(run_count=Count("runs"))
        return rows

    @admin.display(description="runs", ordering="run_count")
    def runs_listed(self, course: Any) -> int:
        """How many runs the course has."""
        return int(course.run_count)


@admin.register(CourseRun)
class CourseRunAdmin(MirrorAdmin):
    """Course runs with their due dates."""

    fixed_fields = ("key",)
    fields = ("key", "course", "external_key", "title", "marketing_url", "start", "end", "pacing", "email_enabled")
    autocomplete_fields = ("course",)
    date_hierarchy = "start"
    formfield_overrides: ClassVar = {CourseKeyField: {"validators": [validate_course_key]}}
    inlines = (DueDateInline,)
    list_display = ("key", "course", "external_key", "start", "end", "pacing", "email_enabled", "modified")
    list_filter = ("pacing", "email_enabled", "start", "end")
    list_select_related = ("course",)
    search_fields = ("key", "external_key", "title", "course__key", "course__title")
