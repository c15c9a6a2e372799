"""Routes of imports and exports, below the API's base."""

from imports.rest_api import views
from program_enrollments.rest_api.routes import both_spellings

app_name = "imports_api"

DECISIONS = ("apply", "approve", "discard", "cancel", "undo")

urlpatterns = [
    *both_spellings(
        "programs/<str:program_uuid>/imports/",
        views.ProgramImportsViewSet.as_view({"get": "list", "post": "create"}),
        "imports",
    ),
    *both_spellings("imports/<str:import_id>/", views.ImportsViewSet.as_view({"get": "retrieve"}), "import"),
    *[
        route
        for decision in DECISIONS
        for route in both_spellings(
            f"imports/<str:import_id>/{decision}/", views.ImportsViewSet.as_view({"post": decision}), decision
        )
    ],
    *both_spellings("imports/<str:import_id>/rows/", views.ImportRowsViewSet.as_view({"get": "list"}), "rows"),
    *both_spellings(
        "imports/<str:import_id>/results.csv/", views.ImportResultsViewSet.as_view({"get": "retrieve"}), "results"
    ),
    *both_spellings(
        "imports/<str:import_id>/rejected.csv/", views.ImportRejectedViewSet.as_view({"get": "retrieve"}), "rejected"
    ),
    *both_spellings(
        "programs/<str:program_uuid>/enrollments/export/",
        views.ProgramExportViewSet.as_view({"get": "retrieve"}),
        "program_export",
    ),
    *both_spellings(
        "programs/<str:program_uuid>/courses/<path:course_id>/enrollments/export/",
        views.CourseExportViewSet.as_view({"get": "retrieve"}),
        "course_export",
    ),
]
