"""The routes of the service, and the naive version beside them."""

from django.urls import include, path

from benchmarks.naive import NaiveEnrollmentsViewSet
from config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path(
        "naive/programs/<str:program_uuid>/enrollments/",
        NaiveEnrollmentsViewSet.as_view({"get": "list", "put": "update"}),
    ),
    path("", include("config.urls")),
]
