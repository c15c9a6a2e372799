"""The admin page of partner applications. Apart from the others, because the OAuth toolkit loads and registers it."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from access.constants import Role
from access.exceptions import PartnerError
from access.forms import ApplicationForm, PartnerForm
from access.models import Application
from access.onboarding import write_instructions
from access.partners import IssuedSecret, create_partner, describe_state, revoke_application, rotate_secret

OVERLAP = timedelta(hours=24)


class ApplicationAdmin(admin.ModelAdmin):
    """Partner applications: made with their first role, given new secrets, revoked. Never deleted, for the record."""

    list_display = ("name", "client_id", "state", "roles", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "client_id")
    view_on_site = False  # the toolkit's own page, which is not served
    actions = ("rotate_secrets", "revoke")
    readonly_fields = ("client_id", "user", "state", "roles", "created", "last_used_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("user__role_assignments")

    def get_form(
        self, request: HttpRequest, obj: Application | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return ApplicationForm if change else PartnerForm

    def get_fields(self, request: HttpRequest, obj: Application | None = None) -> Any:
        if obj is None:
            return ("name", "role", "organization_key", "program_uuid", "allowed_scopes")
        return ("name", "allowed_scopes", *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Application | None = None) -> Any:
        return () if obj is None else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="state")
    def state(self, application: Application) -> str:
        return describe_state(application)

    @admin.display(description="roles")
    def roles(self, application: Application) -> str:
        held = application.account.role_assignments.all()
        return ", ".join(f"{assignment.role} on {assignment.place}" for assignment in held)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        if change:
            return super().save_form(request, form, change)
        wanted = form.cleaned_data
        issued = create_partner(
            wanted["name"],
            role=Role(wanted["role"]),
            organization_key=wanted["organization_key"],
            program_uuid=wanted["program_uuid"],
            scopes=wanted["allowed_scopes"],
        )
        request._issued_secret = issued  # type: ignore[attr-defined]  # for `response_add`, in the same request
        return issued.application

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: an application has no relations to save, and a new one is complete already."""

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_secrets(request, [request._issued_secret])  # type: ignore[attr-defined]  # see `save_form`

    @admin.action(description="Give new secrets (the old ones stay valid for 24 hours)", permissions=["change"])
    def rotate_secrets(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        issued = []
        for application in queryset:
            try:
                issued.append(rotate_secret(application.client_id, overlap=OVERLAP))
            except PartnerError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.log_change(request, application, "Gave it a new secret.")
        return self._show_secrets(request, issued) if issued else None

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return TemplateResponse(
                request,
                "admin/access/application/revoke.html",
                {
                    **self.admin_site.each_context(request),
                    "title": "Revoke for good",
                    "applications": queryset,
                    "checkbox_name": ACTION_CHECKBOX_NAME,
                },
            )
        for application in queryset:
            try:
                revoke_application(application.client_id)
            except PartnerError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.log_change(request, application, "Revoked it.")
                self.message_user(request, f"{application.name} is revoked.", messages.SUCCESS)
        return None

    def _show_secrets(self, request: HttpRequest, issued: list[IssuedSecret]) -> HttpResponse:
        """Answer with the page itself: a message would leave the secrets in a cookie or a session."""
        base_url = request.build_absolute_uri("/")
        return TemplateResponse(
            request,
            "admin/access/application/secrets.html",
            {
                **self.admin_site.each_context(request),
                "title": "Client secrets",
                "all_instructions": [(one, write_instructions(one, base_url=base_url)) for one in issued],
            },
        )
