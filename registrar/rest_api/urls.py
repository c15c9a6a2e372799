"""Registrar's routes: every one with and without its trailing slash, and never a redirect between them."""

from django.urls import include, path, re_path, register_converter
from django.urls.converters import StringConverter

from program_enrollments.rest_api.routes import both_spellings
from registrar.rest_api import site
from registrar.rest_api.enrollments import (
    AllCourseRunEnrollmentsView,
    CourseRunEnrollmentsView,
    CourseUploadView,
    GradesView,
    ProgramEnrollmentsView,
    ProgramUploadView,
)
from registrar.rest_api.jobs import JobsView, JobView, ResultView
from registrar.rest_api.programs import CoursesView, OneProgramView, PagedProgramsView, ProgramsView
from registrar.rest_api.reports import ReportsView, ReportView


class ProgramKeyConverter(StringConverter):
    regex = "[A-Za-z0-9_-]+"


class CourseIdConverter(StringConverter):
    # Any text but one that ends in a slash, after which another would follow.
    regex = ".*[^/]"


class JobIdConverter(StringConverter):
    regex = "[0-9a-f-]+"


class ResultNameConverter(StringConverter):
    regex = r"[0-9a-f-]+\.(?:json|csv)"


register_converter(ProgramKeyConverter, "program_key")
register_converter(CourseIdConverter, "course_id")
register_converter(JobIdConverter, "job_id")
register_converter(ResultNameConverter, "result_name")

PROGRAM = "programs/<program_key:program_key>/"
# Any text: some schools have blanks, dots and slashes in their names of course runs.
COURSE = f"{PROGRAM}courses/<course_id:course_id>/"


routes = [
    *both_spellings("programs/", ProgramsView.as_view(), "programs"),
    *both_spellings(PROGRAM, OneProgramView.as_view(), "program"),
    *both_spellings(f"{PROGRAM}courses/", CoursesView.as_view(), "courses"),
    *both_spellings(f"{PROGRAM}enrollments/", ProgramEnrollmentsView.as_view(), "enrollments"),
    *both_spellings(f"{PROGRAM}enrollments/upload/", ProgramUploadView.as_view(), "upload"),
    *both_spellings(f"{PROGRAM}course_enrollments/", AllCourseRunEnrollmentsView.as_view(), "course_enrollments"),
    *both_spellings(f"{PROGRAM}course_enrollments/upload/", CourseUploadView.as_view(), "course_upload"),
    *both_spellings(f"{COURSE}enrollments/", CourseRunEnrollmentsView.as_view(), "course_run_enrollments"),
    *both_spellings(f"{COURSE}grades/", GradesView.as_view(), "grades"),
    *both_spellings(f"{PROGRAM}reports/", ReportsView.as_view(), "reports"),
    # Registrar let anything follow.
    re_path("^programs/(?P<program_key>[A-Za-z0-9_-]+)/reports", ReportsView.as_view(schema=None)),
    # Links, which nobody builds.
    path("report_files/<program_key:program_key>/<str:name>", ReportView.as_view(schema=None), name="report"),
    *both_spellings("jobs/", JobsView.as_view(), "jobs"),
    *both_spellings("jobs/<job_id:job_id>/", JobView.as_view(), "job"),
    path("results/<result_name:name>", ResultView.as_view(schema=None), name="result"),
    re_path("", site.show_nothing),
]
"""The routes of v1 and of v2."""

internal_routes = [
    *both_spellings("cache/", site.CacheView.as_view(schema=None), "cache"),
    *both_spellings("cache/<program_key:program_key>/", site.CacheView.as_view(schema=None), "cache_of_program"),
    re_path("", site.show_nothing),
]
paged_routes = [
    *both_spellings("programs/", PagedProgramsView.as_view(), "programs"),
    re_path("", site.show_nothing),
]

urlpatterns = [
    path("api/v1/", include((routes, "registrar"), namespace="registrar_v1"), {"version": "v1"}),
    path("api/v2/", include((routes, "registrar"), namespace="registrar_v2"), {"version": "v2"}),
    path("api/v3/", include((paged_routes, "registrar"), namespace="registrar_v3")),
    path("api/internal/", include((internal_routes, "registrar"), namespace="registrar_internal")),
    *both_spellings("csrf/api/v1/token/", site.show_csrf_token, "csrf_token"),
    *both_spellings("health/", site.show_health, "health"),
]
