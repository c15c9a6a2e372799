"""Routes of the API, by version."""

from django.urls import include, path

app_name = "programs_api"

urlpatterns = [path("v1/", include("program_enrollments.rest_api.v1.urls"))]
