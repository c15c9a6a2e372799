"""Routes of the API, by version."""

from django.urls import include, path, re_path

from program_enrollments.rest_api.fallbacks import unknown_path

app_name = "programs_api"

urlpatterns = [
    path("v1/", include("program_enrollments.rest_api.v1.urls")),
    re_path("", unknown_path),
]
