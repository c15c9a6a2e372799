"""All routes of the service."""

from django.contrib import admin
from django.urls import include, path

handler400 = "program_enrollments.rest_api.fallbacks.bad_request"
handler403 = "program_enrollments.rest_api.fallbacks.permission_denied"
handler404 = "program_enrollments.rest_api.fallbacks.page_not_found"
handler500 = "program_enrollments.rest_api.fallbacks.server_error"

admin.site.site_header = admin.site.site_title = "Program enrollments administration"
admin.site.index_title = "What would you like to look at?"
admin.site.site_url = None  # there is no page for people outside of the admin

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("program_enrollments.rest_api.tokens")),
    path("api/program_enrollments/", include("program_enrollments.rest_api.urls")),
]
