"""Admin pages of roles. That of partner applications is in `application_admin`."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from access.explanation import explain_program, explain_user
from access.forms import RoleAssignmentForm, WhoMayForm
from access.models import RoleAssignment
from catalog.searched_choices import SearchedChoicesMixin
from tracing.admin import HistoryAdmin

# Tokens are no pages of ours: none can be shown, and the ways to get most of these kinds are switched off. Refresh
# tokens are called after their accounts, which the admin's log would keep.
admin.site.unregister([AccessToken, Grant, IDToken, RefreshToken, OutstandingToken, BlacklistedToken])


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(SearchedChoicesMixin, HistoryAdmin):
    """Roles, with their history, and a page that says who may do what."""

    form = RoleAssignmentForm
    list_display = ("holder", "role", "place", "modified")
    list_filter = ("role", "group")
    list_select_related = ("user", "group")
    search_fields = ("user__username", "group__name", "organization_key", "program_uuid")
    autocomplete_fields = ("user", "group")
    change_list_template = "admin/access/roleassignment/change_list.html"

    @admin.display(description="holder")
    def holder(self, assignment: RoleAssignment) -> str:
        return f"group {assignment.group}" if assignment.group_id else str(assignment.user)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(never_cache(self.show_who_may))
        urls: list[URLPattern] = super().get_urls()
        return [path("who-may/", view, name="access_roleassignment_who_may"), *urls]

    def show_who_may(self, request: HttpRequest) -> HttpResponse:
        """Say what a user may do and why, or who may do what in a program."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = WhoMayForm(request.GET or None)
        context = {**self.admin_site.each_context(request), "title": "Who may do what", "form": form}
        if form.is_valid():
            context |= self._answer(form)
        return TemplateResponse(request, "admin/access/roleassignment/who_may.html", context)

    def _answer(self, form: WhoMayForm) -> dict[str, Any]:
        if username := form.cleaned_data["username"]:
            rows = explain_user(username)
            if rows is None:
                form.add_error("username", "There is no such account.")
                return {}
            return {"title_of_answer": f"What {username} may do", "headings": ("Program", "May", "Why"), "rows": rows}
        if program_uuid := form.cleaned_data["program"]:
            rows = explain_program(program_uuid)
            if rows is None:
                form.add_error("program", "There is no such program.")
                return {}
            return {"title_of_answer": "Who may", "headings": ("Who", "May", "Why"), "rows": rows}
        return {}
