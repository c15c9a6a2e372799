"""The admin page of something that an account has in a course run: a place, a role, a certificate, a grade."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from opaque_keys.edx.django.models import CourseKeyField

from catalog.searched_choices import SearchedChoicesMixin
from learners.forms import CourseKeyFormField


class CourseRunHoldingAdmin(SearchedChoicesMixin, admin.ModelAdmin):
    """Newest first. Whose it is and in which run is settled when it is added."""

    autocomplete_fields = ("user",)
    formfield_overrides = {CourseKeyField: {"form_class": CourseKeyFormField}}  # noqa: RUF012 -- as Django has it
    list_per_page = 50
    list_select_related = ("user",)
    ordering = ("-id",)
    search_fields = ("user__username", "user__email", "course_key")
    search_help_text = "Username, e-mail address or course key"
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return ("user", "course_key", *fields) if obj else fields
