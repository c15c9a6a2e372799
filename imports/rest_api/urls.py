"""Routes of imports and exports, below the API's base."""

from typing import Any

from imports.constants import Decision
from imports.rest_api import views
from program_enrollments.rest_api.routes import both_spellings

app_name = "imports_api"

READ: dict[str, Any] = {"get": "retrieve"}

urlpatterns = [
    *both_spellings(
        "programs/<str:program_uuid>/imports/",
        views.ProgramImportsViewSet.as_view({"get": "list", "post": "create"}),
        "imports",
    ),
    *both_spellings("imports/<str:import_id>/", views.ImportsViewSet.as_view(READ), "import"),
    *both_spellings("imports/<str:import_id>/rows/", views.ImportRowsViewSet.as_view({"get": "list"}), "rows"),
    *both_spellings(
        "programs/<str:program_uuid>/enrollments/export/",
        views.ProgramExportViewSet.as_view(READ),
        "program_export",
    ),
    *both_spellings(
        "programs/<str:program_uuid>/courses/<any:course_id>/enrollments/export/",
        views.CourseExportViewSet.as_view(READ),
        "course_export",
    ),
]
for name, download in (("results", views.ImportResultsViewSet), ("rejected", views.ImportRejectedViewSet)):
    # The spelling that is found first is the one that links have: a file's without a slash.
    urlpatterns += reversed(both_spellings(f"imports/<str:import_id>/{name}.csv/", download.as_view(READ), name))
for decision in Decision.values:
    view = views.ImportsViewSet.as_view({"post": decision})
    urlpatterns += both_spellings(f"imports/<str:import_id>/{decision}/", view, decision)
