"""The lists and pages of the admin."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, AdminForm
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from program_enrollments import api
from program_enrollments.admin.export import stream_csv
from program_enrollments.admin.filters import AccountFilter, OrganizationFilter, ProgramFilter
from program_enrollments.admin.forms import AccountForm, StatusForm
from program_enrollments.admin.listing import (
    BoundedPaginator,
    EnrollmentChangeList,
    program_course_enrollments_named,
    program_enrollments_named,
)
from program_enrollments.admin.programs import attach_programs, get_enrollment, list_programs_in_use
from program_enrollments.constants import ChangeReason, ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus
from program_enrollments.exceptions import EnrollmentConflict, ProgramEnrollmentsError
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from tracing.admin import HistoryAdmin

MAX_CHANGED_AT_ONCE = 500
MAX_NAMED_ROWS = 10
EXPORT_CHUNK = 2000

Action = Callable[["EnrollmentAdmin", HttpRequest, QuerySet[Any]], HttpResponse | None]


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def make_status_action(status: str, label: str) -> Action:
    @admin.action(description=f"Set status: {label}", permissions=["change"])
    def set_status(model_admin: "EnrollmentAdmin", request: HttpRequest, queryset: QuerySet[Any]) -> None:
        rows = model_admin.list_chosen(request, queryset)
        source = model_admin.get_source(request)
        changes = model_admin.change_statuses([row.pk for row in rows], status, source=source)
        model_admin.tell_changes(request, rows, changes, label.lower())

    set_status.__name__ = f"set_status_{status}"
    return set_status


class EnrollmentAdmin(HistoryAdmin):
    """What both kinds of enrollments share."""

    form = StatusForm
    paginator = BoundedPaginator
    show_full_result_count = False
    ordering = ("-id",)
    history_list_display = ("status",)
    search_help_text = (
        "The beginning of a student key or username; a whole e-mail; a part of a course run's key or title; "
        "a program's uuid or a part of its title."
    )
    enrollment_prefix: ClassVar[str]
    csv_columns: ClassVar[Sequence[str]]

    def change_statuses(self, ids: Sequence[int], status: str, *, source: api.ChangeSource) -> api.StatusChanges:
        raise NotImplementedError

    def named(self, request: HttpRequest, text: str) -> Q:
        raise NotImplementedError

    def get_csv_cells(self, row: Any) -> Sequence[object]:
        raise NotImplementedError

    # Lists

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EnrollmentChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        return (queryset.filter(self.named(request, text)) if text else queryset), False

    @admin.display(description="student key", empty_value="(none)")
    def student_key(self, row: Any) -> str | None:
        return get_enrollment(row).external_user_key

    @admin.display(description="learner", empty_value="waiting")
    def learner(self, row: Any) -> str | None:
        user = get_enrollment(row).user
        if user is None:
            return None
        return format_html('<a href="{}">{}</a>', reverse("admin:learners_user_change", args=[user.pk]), user)

    @admin.display(description="program")
    def program_title(self, row: Any) -> str:
        uuid = get_enrollment(row).program_uuid
        if row.program is None:
            return f"{uuid} (not in the catalog)"
        url = reverse("admin:catalog_program_changelist", query={"uuid": uuid})
        return format_html('<a href="{}" title="{}">{}</a>', url, uuid, row.program.title or uuid)

    # Pages

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            attach_programs(request, [row])
        return row

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        reason = ("reason",) if self.has_change_permission(request, obj) else ()
        return (*self.readonly_fields, "status", *reason)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().change_view(request, *args, **kwargs)
        except ProgramEnrollmentsError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: StatusForm, change: bool) -> None:
        source = self.get_source(request, form.cleaned_data["reason"])
        changes = self.change_statuses([obj.pk], form.cleaned_data["status"], source=source)
        if obj.pk in changes.refused:
            raise EnrollmentConflict(changes.refused[obj.pk])

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def history_form_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # simple-history would save what is posted here, past the rules, for whoever may look.
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response: HttpResponse = super().history_form_view(request, *args, **kwargs)
        return response

    def render_history_view(
        self, request: HttpRequest, template: str, context: dict[str, Any], **kwargs: Any
    ) -> HttpResponse:
        if "adminform" in context:  # an old version: to look at, whoever looks
            attach_programs(request, [context["original"]])
            fields = [*self.readonly_fields, "status"]
            form = context["adminform"].form
            context["adminform"] = AdminForm(form, [(None, {"fields": fields})], {}, fields, model_admin=self)
        response: HttpResponse = super().render_history_view(request, template, context, **kwargs)
        return response

    # Actions

    def get_source(self, request: HttpRequest, reason: str = "") -> api.ChangeSource:
        return api.ChangeSource(user_id=request.user.pk, reason=reason or ChangeReason.ADMIN.value)

    def list_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the chosen rows; none, and tell so, if there are too many of them."""
        rows = list(queryset.order_by("pk")[: MAX_CHANGED_AT_ONCE + 1])
        if len(rows) > MAX_CHANGED_AT_ONCE:
            self.message_user(request, f"Select at most {MAX_CHANGED_AT_ONCE} at once.", messages.ERROR)
            return []
        return rows

    def change_each(
        self, request: HttpRequest, rows: Sequence[Any], change: Callable[[Any], bool], outcome: str
    ) -> None:
        """Change the chosen rows one by one, each committed on its own, and tell how many were."""
        changed: set[int] = set()
        refused: dict[int, str] = {}
        for row in rows:
            try:
                if change(row):
                    changed.add(row.pk)
            except ProgramEnrollmentsError as error:
                refused[row.pk] = str(error)
        self.tell_changes(request, rows, api.StatusChanges(changed, refused), outcome)

    def tell_changes(self, request: HttpRequest, rows: Sequence[Any], changes: api.StatusChanges, outcome: str) -> None:
        """Tell how many of the chosen rows were changed, and which were refused for what reason."""
        if changes.changed:
            verb = "is" if len(changes.changed) == 1 else "are"
            text = f"{len(changes.changed)} of {len(rows)} selected enrollments {verb} now {outcome}."
            self.message_user(request, text, messages.SUCCESS)
        if unchanged := len(rows) - len(changes.changed) - len(changes.refused):
            self.message_user(request, f"{unchanged} needed no change.", messages.INFO)
        refused: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row.pk in changes.refused:
                refused[changes.refused[row.pk]].append(get_enrollment(row).external_user_key or str(row))
        for sentence, names in refused.items():
            others = [f"{len(names) - MAX_NAMED_ROWS} more"] if len(names) > MAX_NAMED_ROWS else []
            named = ", ".join([*names[:MAX_NAMED_ROWS], *others])
            self.message_user(request, f"{len(names)} refused ({named}): {sentence}", messages.ERROR)

    @admin.action(description="Export as CSV", permissions=["view"])
    def export_as_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        def rows_with_programs() -> Any:
            programs = list_programs_in_use(request)
            for row in queryset.iterator(chunk_size=EXPORT_CHUNK):
                row.program = programs.get(get_enrollment(row).program_uuid)
                yield row

        filename = f"{self.opts.verbose_name_plural}.csv".replace(" ", "-")
        return stream_csv(filename, self.csv_columns, rows_with_programs(), self.get_csv_cells)


class CourseEnrollmentInline(ReadOnlyInline):
    model = ProgramCourseEnrollment
    fields = readonly_fields = ("course_key", "status", "is_in_run", "created", "modified")

    @admin.display(description="account is in the run", boolean=True)
    def is_in_run(self, row: ProgramCourseEnrollment) -> bool:
        return row.course_enrollment_id is not None


@admin.register(ProgramEnrollment)
class ProgramEnrollmentAdmin(EnrollmentAdmin):
    enrollment_prefix = ""
    list_display = ("student_key", "learner", "program_title", "curriculum", "status", "modified")
    list_display_links = ("student_key",)
    list_filter = (
        "status",
        AccountFilter,
        ProgramFilter,
        OrganizationFilter,
        ("modified", admin.DateFieldListFilter),
        ("created", admin.DateFieldListFilter),
    )
    list_select_related = ("user",)
    search_fields = ("external_user_key",)
    readonly_fields = (
        "external_user_key",
        "learner",
        "program_title",
        "curriculum",
        "created",
        "modified",
    )
    inlines = (CourseEnrollmentInline,)
    actions = (
        *(make_status_action(status.value, status.label) for status in ProgramEnrollmentStatus),
        "link_to_account",
        "unlink_from_account",
        "export_as_csv",
    )
    csv_columns = (
        "student_key",
        "username",
        "email",
        "program_uuid",
        "program_title",
        "curriculum_uuid",
        "status",
        "created",
        "modified",
    )

    @admin.display(description="curriculum", ordering="curriculum_uuid")
    def curriculum(self, row: Any) -> str:
        url = reverse("admin:program_enrollments_programenrollment_changelist")
        return format_html(
            '<a href="{}?curriculum_uuid={}" title="{}">{}</a>',
            url,
            row.curriculum_uuid,
            row.curriculum_uuid,
            row.curriculum_name or row.curriculum_uuid,
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProgramEnrollment]:
        return ProgramEnrollment.objects.select_related("user")

    def named(self, request: HttpRequest, text: str) -> Q:
        return program_enrollments_named(request, text)

    def change_statuses(self, ids: Sequence[int], status: str, *, source: api.ChangeSource) -> api.StatusChanges:
        return api.change_program_enrollment_statuses(ids, status, source=source)

    def get_csv_cells(self, row: Any) -> Sequence[object]:
        return (
            row.external_user_key,
            row.user.username if row.user else "",
            row.user.email if row.user else "",
            row.program_uuid,
            row.program.title if row.program else "",
            row.curriculum_uuid,
            row.status,
            row.created.isoformat(),
            row.modified.isoformat(),
        )

    @admin.action(description="Link to an account", permissions=["change"])
    def link_to_account(self, request: HttpRequest, queryset: QuerySet[ProgramEnrollment]) -> HttpResponse | None:
        form = AccountForm(request.POST if "apply" in request.POST else None)
        if form.is_valid():
            user = form.cleaned_data["username"]
            source = self.get_source(request, form.cleaned_data["reason"])

            def link(row: ProgramEnrollment) -> bool:
                if row.user_id == user.pk:
                    return False
                api.link_program_enrollment_to_user(row, user, source=source)
                return True

            self.change_each(request, self.list_chosen(request, queryset), link, f"linked to {user}")
            return None
        rows = self.list_chosen(request, queryset)
        if not rows:
            return None
        attach_programs(request, rows)
        context = {
            **self.admin_site.each_context(request),
            "title": "Link to an account",
            "opts": self.opts,
            "form": form,
            "rows": rows,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/program_enrollments/link_to_account.html", context)

    @admin.action(description="Unlink from the account", permissions=["change"])
    def unlink_from_account(self, request: HttpRequest, queryset: QuerySet[ProgramEnrollment]) -> None:
        def unlink(row: ProgramEnrollment) -> bool:
            if row.user_id is None:
                return False
            api.unlink_program_enrollment(row, source=self.get_source(request))
            return True

        self.change_each(request, self.list_chosen(request, queryset), unlink, "waiting for an account")


class RoleAssignmentInline(ReadOnlyInline):
    model = CourseAccessRoleAssignment
    verbose_name_plural = "roles that wait for an account"
    show_change_link = False
    fields = readonly_fields = ("role", "created")


@admin.register(ProgramCourseEnrollment)
class ProgramCourseEnrollmentAdmin(EnrollmentAdmin):
    enrollment_prefix = "program_enrollment__"
    list_display = ("student_key", "learner", "course_key", "program_title", "status", "modified")
    list_display_links = ("student_key",)
    list_filter = (
        "status",
        AccountFilter,
        ProgramFilter,
        OrganizationFilter,
        ("modified", admin.DateFieldListFilter),
        ("created", admin.DateFieldListFilter),
    )
    search_fields = ("course_key",)
    readonly_fields = ("enrollment", "learner", "program_title", "course_key", "created", "modified")
    inlines = (RoleAssignmentInline,)
    actions = (
        *(make_status_action(status.value, status.label) for status in ProgramCourseEnrollmentStatus),
        "export_as_csv",
    )
    csv_columns = (
        "student_key",
        "username",
        "email",
        "course_id",
        "program_uuid",
        "program_title",
        "curriculum_uuid",
        "status",
        "created",
        "modified",
    )

    @admin.display(description="program enrollment")
    def enrollment(self, row: ProgramCourseEnrollment) -> str:
        url = reverse("admin:program_enrollments_programenrollment_change", args=[row.program_enrollment_id])
        name = row.program_enrollment.external_user_key or row.program_enrollment
        return format_html('<a href="{}">{}</a>', url, name)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProgramCourseEnrollment]:
        return ProgramCourseEnrollment.objects.select_related("program_enrollment__user")

    def named(self, request: HttpRequest, text: str) -> Q:
        return program_course_enrollments_named(request, text)

    def change_statuses(self, ids: Sequence[int], status: str, *, source: api.ChangeSource) -> api.StatusChanges:
        return api.change_program_course_enrollment_statuses(ids, status, source=source)

    def get_csv_cells(self, row: Any) -> Sequence[object]:
        enrollment = row.program_enrollment
        return (
            enrollment.external_user_key,
            enrollment.user.username if enrollment.user else "",
            enrollment.user.email if enrollment.user else "",
            row.course_key,
            enrollment.program_uuid,
            row.program.title if row.program else "",
            enrollment.curriculum_uuid,
            row.status,
            row.created.isoformat(),
            row.modified.isoformat(),
        )


@admin.register(CourseAccessRoleAssignment)
class CourseAccessRoleAssignmentAdmin(admin.ModelAdmin):
    """Roles that wait; granting and revoking is the API's."""

    paginator = BoundedPaginator
    show_full_result_count = False
    ordering = ("-id",)
    enrollment_prefix = "enrollment__program_enrollment__"
    list_display = ("student_key", "course_key", "role", "created")
    list_filter = ("role", ProgramFilter, OrganizationFilter, ("created", admin.DateFieldListFilter))
    list_select_related = ("enrollment__program_enrollment",)
    search_fields = ("enrollment__course_key",)
    search_help_text = EnrollmentAdmin.search_help_text

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CourseAccessRoleAssignment], search_term: str
    ) -> tuple[QuerySet[CourseAccessRoleAssignment], bool]:
        text = search_term.strip()
        rows = ProgramCourseEnrollment.objects.filter(program_course_enrollments_named(request, text))
        return (queryset.filter(enrollment__in=rows) if text else queryset), False

    @admin.display(description="student key")
    def student_key(self, row: CourseAccessRoleAssignment) -> str | None:
        return row.enrollment.program_enrollment.external_user_key

    @admin.display(description="course run")
    def course_key(self, row: CourseAccessRoleAssignment) -> str:
        return str(row.enrollment.course_key)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
