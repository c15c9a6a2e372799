"""All routes of the service."""

from django.contrib import admin
from django.urls import include, path

handler400 = "program_enrollments.rest_api.fallbacks.bad_request"
handler403 = "program_enrollments.rest_api.fallbacks.permission_denied"
handler404 = "program_enrollments.rest_api.fallbacks.page_not_found"
handler500 = "program_enrollments.rest_api.fallbacks.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("program_enrollments.rest_api.tokens")),
    path("api/program_enrollments/", include("program_enrollments.rest_api.urls")),
]
