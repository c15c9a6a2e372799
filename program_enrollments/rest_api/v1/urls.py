"""Routes of version 1 (contract section 1)."""

from typing import Any

from program_enrollments.rest_api.routes import both_spellings
from program_enrollments.rest_api.v1 import limits, views

app_name = "v1"

READ: dict[str, Any] = {"get": "list"}
READ_AND_WRITE: dict[str, Any] = {"get": "list", "post": "create", "patch": "partial_update", "put": "update"}


urlpatterns = [
    *both_spellings(
        "programs/<str:program_uuid>/enrollments/",
        views.ProgramEnrollmentsViewSet.as_view(READ_AND_WRITE),
        "program_enrollments",
    ),
    *both_spellings(
        "programs/<str:program_uuid>/courses/<any:course_id>/enrollments/",
        views.ProgramCourseEnrollmentsViewSet.as_view(READ_AND_WRITE),
        "program_course_enrollments",
    ),
    *both_spellings("programs/enrollments/", views.LearnerProgramsViewSet.as_view(READ), "learner_program_enrollments"),
    *both_spellings(
        "programs/readonly_access/", views.ReadonlyProgramsViewSet.as_view(READ), "user_program_readonly_access"
    ),
    *both_spellings(
        "programs/<str:program_uuid>/courses/<any:course_id>/grades/",
        views.ProgramCourseGradesViewSet.as_view(READ),
        "program_course_grades",
    ),
    *both_spellings(
        "programs/<str:program_uuid>/overview/",
        views.CourseRunOverviewsViewSet.as_view(READ),
        "program_course_enrollments_overview",
    ),
    *both_spellings(
        "users/<any:username>/programs/<str:program_uuid>/courses/",
        views.LearnerCourseRunOverviewsViewSet.as_view(READ),
        "user_program_course_enrollments",
    ),
    *both_spellings("limits/", limits.LimitsViewSet.as_view(READ), "limits"),
    *both_spellings("integration-reset/", views.ResetViewSet.as_view({"post": "create"}), "reset_enrollment_data"),
]
