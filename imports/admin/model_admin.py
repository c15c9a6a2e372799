"""The pages of imports."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from catalog.service import get_catalog
from imports import service
from imports.admin.deciding import BUTTONS, label_of, list_buttons
from imports.admin.facts import list_facts
from imports.admin.reach import get_reach
from imports.admin.telling import tell_plan, tell_progress, tell_scope, tell_state, tell_what
from imports.admin.uploads import UploadForm, UploadFormHandler
from imports.constants import ImportKind, RowOutcome
from imports.exceptions import is_lack_of_space
from imports.service import Import, ImportsError, InvalidOption
from learners.service import User
from program_enrollments.exceptions import ProgramDoesNotExist
from tracing.service import get_request_id

logger = logging.getLogger(__name__)

MAX_SHOWN_REJECTS = 100
MAX_ASKED_IMPORTS = 100
NO_SPACE = "The service has no space left; nothing was uploaded. Tell the operator, and upload the file again later."
UPLOAD_FIELDSETS = (
    (None, {"fields": ("program", "file", "kind", "mode", "action", "atomic")}),
    ("Whole rosters", {"fields": ("snapshot", "drop_status", "max_drop")}),
)


class ImportChangeList(ChangeList):
    """A page of imports that know their programs' titles."""

    def get_results(self, request: HttpRequest) -> None:
        """Ask the catalog once for all of the page."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_titles(self.result_list)


def attach_titles(imports: Sequence[Any]) -> None:
    """Give each import its `program_title`; the uuid where the catalog has none."""
    programs = get_catalog().list_programs({item.program_uuid for item in imports})
    titles = {program.uuid: program.title for program in programs}
    for item in imports:
        item.program_title = titles.get(item.program_uuid) or f"{item.program_uuid} (not in the catalog)"


@admin.register(Import)
class ImportAdmin(admin.ModelAdmin):
    """Imports of the programs that are in somebody's reach."""

    list_display = ("program", "what", "state_label", "progress", "rejected_rows", "uploaded_by", "created")
    list_display_links = ("program",)
    list_filter = ("state", "kind", ("created", admin.DateFieldListFilter))
    list_per_page = MAX_ASKED_IMPORTS
    list_max_show_all = MAX_ASKED_IMPORTS
    show_full_result_count = False
    search_fields = ("program_uuid",)
    search_help_text = "A part of the program's title, or its uuid."
    actions = None
    change_list_template = "admin/imports/import/change_list.html"

    # Who may

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Tell whether imports are shown at all."""
        return get_reach(request).may_read_some()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the import may be seen; without one, whether there may be some."""
        reach = get_reach(request)
        return reach.may_read_some() if obj is None else reach.may_read(obj.program_uuid)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether there may be a program into which to import."""
        return get_reach(request).may_write_some()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits imports."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes imports; the old ones are pruned."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        """Return the imports that the person may see."""
        return get_reach(request).limit(service.list_imports())

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's usual pages, and those of an import."""

        def route(pattern: str, view: Any, name: str) -> URLPattern:
            found: URLPattern = path(pattern, self.admin_site.admin_view(view), name=f"imports_import_{name}")
            return found

        usual: list[URLPattern] = super().get_urls()
        return [
            route("progress/", require_safe(self.progress_view), "progress"),
            route("<uuid:import_id>/decide/", require_POST(self.decide_view), "decide"),
            route("<uuid:import_id>/results.csv", require_safe(self.results_view), "results"),
            route("<uuid:import_id>/rejected.csv", require_safe(self.rejected_view), "rejected"),
            *usual,
        ]

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that knows titles."""
        return ImportChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the program's uuid, or a part of its title."""
        text = search_term.strip()
        if not text:
            return queryset, False
        in_use = set(self.get_queryset(request).order_by().values_list("program_uuid", flat=True).distinct())
        found = {
            program.uuid
            for program in get_catalog().list_programs(in_use)
            if text.casefold() in program.title.casefold()
        }
        found |= {uuid for uuid in in_use if text.lower() == str(uuid)}
        return queryset.filter(program_uuid__in=found), False

    @admin.display(description="program")
    def program(self, item: Any) -> str:
        """Return the title."""
        return str(item.program_title)

    @admin.display(description="kind", ordering="kind")
    def what(self, item: Import) -> str:
        """Return the kind, and whether it is a preview or a snapshot."""
        return tell_what(item)

    @admin.display(description="state", ordering="state")
    def state_label(self, item: Import) -> str:
        """Return the state, for the script to find."""
        return format_html('<span class="import-state" data-import="{}">{}</span>', item.pk, item.get_state_display())

    @admin.display(description="progress")
    def progress(self, item: Import) -> str:
        """Return the bar, for the script to find."""
        return render_to_string("admin/imports/import/progress.html", {"progress": tell_progress(item)})

    @admin.display(description="rejected rows", empty_value="")
    def rejected_rows(self, item: Import) -> str | None:
        """Return their number; None if there are none, or no plan yet."""
        rejected = item.counts.get(RowOutcome.REJECT)
        return f"{rejected:,}" if rejected else None

    # Uploading

    @method_decorator(csrf_exempt)
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Bound what is read of the form; only then look into it for the token, and for everything else."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        handler = UploadFormHandler(request)
        request.upload_handlers = [handler]
        try:
            return self._upload(request, handler)
        except (OSError, DatabaseError) as fault:
            if not is_lack_of_space(fault):
                raise
            logger.error("An upload was refused, for lack of space: %s.", type(fault).__name__)  # noqa: TRY400 -- a full disk needs no traceback
            self.message_user(request, NO_SPACE, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    @method_decorator(csrf_protect)
    def _upload(self, request: HttpRequest, handler: UploadFormHandler) -> HttpResponse:
        programs = get_reach(request).list_writable_programs()
        if request.method == "POST":
            form = UploadForm(request.POST, request.FILES, programs=programs, is_too_large=handler.is_too_large)
            if form.is_valid() and (item := self._create(request, form)):
                self.log_addition(request, item, "Uploaded.")
                self.message_user(request, "The file is uploaded; this page tells how far it is.", messages.SUCCESS)
                return self._show(item)
        else:
            form = UploadForm(initial={"program": request.GET.get("program")}, programs=programs)
        context = {
            **self.admin_site.each_context(request),
            "title": "Upload a file",
            "adminform": AdminForm(form, UPLOAD_FIELDSETS, {}, model_admin=self),  # type: ignore[arg-type]  # any form will do
            "errors": AdminErrorList(form, []),  # type: ignore[arg-type]  # any form will do
        }
        return TemplateResponse(request, "admin/imports/import/upload.html", context)

    def _create(self, request: HttpRequest, form: UploadForm) -> Import | None:
        """Create the import; None if the form has errors instead."""
        chosen = form.cleaned_data
        file = chosen["file"]
        try:
            return service.create_import(
                program_uuid=chosen["program"],
                kind=chosen["kind"],
                file=file,
                file_name=file.name,
                content_type=file.content_type or "",
                action=chosen["action"],
                mode=chosen["mode"],
                is_atomic=chosen["atomic"],
                is_snapshot=chosen["snapshot"],
                drop_status=chosen["drop_status"],
                max_drop=chosen["max_drop"],
                uploaded_by=cast(User, request.user),
                request_id=get_request_id(),
            )
        except InvalidOption as refusal:
            form.add_error(refusal.option, refusal.reason.capitalize())
        except ProgramDoesNotExist as refusal:
            form.add_error("program", str(refusal))
        return None

    # One import

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show an import; there is nothing to change by hand."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        try:
            item = self._get_item(request, UUID(object_id))
        except (ValueError, Http404):
            kept = f"Imports are kept for {settings.IMPORT_KEPT_DAYS} days."
            self.message_user(request, f"This import does not exist or has been deleted. {kept}", messages.WARNING)
            return HttpResponseRedirect(reverse("admin:imports_import_changelist"))
        progress = tell_progress(item)
        rejected_count = item.counts.get(RowOutcome.REJECT, 0)
        rejected = service.list_rows(item, outcomes=[RowOutcome.REJECT])[: min(rejected_count, MAX_SHOWN_REJECTS)]
        context = {
            **self.admin_site.each_context(request),
            "title": tell_what(item),
            "subtitle": item.program_title,
            "original": item,
            "progress": progress,
            "progress_url": reverse("admin:imports_import_progress"),
            "state_sentence": tell_state(item),
            "buttons": list_buttons(item) if get_reach(request).may_write(item.program_uuid) else [],
            "plan": tell_plan(item),
            "scope": tell_scope(item),
            "rejected": list(rejected),
            "rejected_total": f"{rejected_count:,}",
            "rejected_left_out": rejected_count > MAX_SHOWN_REJECTS,
            "has_course_runs": item.kind == ImportKind.COURSE_ENROLLMENTS,
            "facts": list(list_facts(item)),
        }
        return TemplateResponse(request, "admin/imports/import/detail.html", context)

    def decide_view(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        """Do what a button says, after asking where enrollments change."""
        item = self._get_item(request, import_id)
        if not get_reach(request).may_write(item.program_uuid):
            raise PermissionDenied
        name = request.POST.get("decision", "")
        button = BUTTONS.get(name)
        if button is None:
            raise Http404
        label = label_of(button, item)
        is_possible = button.decision in service.list_decisions(item)
        if button.ask and is_possible and "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": f"{label}: are you sure?",
                "original": item,
                "decision": name,
                "sentence": button.ask(item),
                "label": f"Yes, {label[:1].lower()}{label[1:]}",
            }
            return TemplateResponse(request, "admin/imports/import/confirm.html", context)
        try:
            shown = button.carry_out(item, cast(User, request.user), get_request_id())
        except ImportsError as refusal:
            self.message_user(request, f"Not done: {refusal}", messages.ERROR)
            return self._show(item)
        self.log_change(request, item, f"{label}.")
        self.message_user(request, button.done, messages.SUCCESS)
        return self._show(shown)

    def progress_view(self, request: HttpRequest) -> HttpResponse:
        """Tell how far imports are, those of the query's `id`s that the person may see."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        wanted = self.get_queryset(request).filter(pk__in=_parse_uuids(request.GET.getlist("id")))
        return JsonResponse({"imports": [tell_progress(item) for item in wanted]})

    def results_view(self, request: HttpRequest, import_id: UUID) -> HttpResponseBase:
        """Send all rows as a file."""
        item = self._get_item(request, import_id)
        return _download(service.iter_results_csv(item), f"import-{item.pk}-results.csv")

    def rejected_view(self, request: HttpRequest, import_id: UUID) -> HttpResponseBase:
        """Send the rejected rows as a file."""
        item = self._get_item(request, import_id)
        return _download(service.iter_rejected_csv(item), f"import-{item.pk}-rejected.csv")

    def _get_item(self, request: HttpRequest, import_id: UUID) -> Any:
        """Return an import that the person may see. Raises: PermissionDenied, Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        item = self.get_queryset(request).filter(pk=import_id).first()
        if item is None:
            raise Http404
        attach_titles([item])
        return item

    def _show(self, item: Import) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:imports_import_change", args=[item.pk]))


def _download(content: Iterator[bytes], name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _parse_uuids(texts: Iterable[str]) -> Iterator[UUID]:
    for text, _ in zip(texts, range(MAX_ASKED_IMPORTS), strict=False):
        try:
            yield UUID(text)
        except ValueError:
            continue
