"""All routes of the service."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/program_enrollments/", include("program_enrollments.rest_api.urls")),
]
