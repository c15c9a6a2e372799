"""All routes of the service."""

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView

from limits.service import guard_sign_in_page
from program_enrollments.rest_api.fallbacks import unknown_path
from program_enrollments.rest_api.routes import both_spellings, one_at_a_time

handler400 = "program_enrollments.rest_api.fallbacks.bad_request"
handler403 = "program_enrollments.rest_api.fallbacks.permission_denied"
handler404 = "program_enrollments.rest_api.fallbacks.page_not_found"
handler500 = "program_enrollments.rest_api.fallbacks.server_error"

admin.site.site_header = admin.site.site_title = "Program enrollments administration"
admin.site.index_title = "What would you like to look at?"
admin.site.site_url = None  # there is no page for people outside of the admin
admin.site.login = guard_sign_in_page(admin.site.login)  # type: ignore[assignment, method-assign]  # the site has no hook for it

# Both viewers write styles into their page, and ReDoc searches in a worker that it makes from a blob. Neither page
# shows anything that somebody else wrote.
with_own_styles = csp_update({"style-src": [UNSAFE_INLINE], "worker-src": ["blob:"]})

urlpatterns = [
    path("api/program_enrollments/", include("program_enrollments.rest_api.urls")),
    path("api/program_enrollments/v1/", include("imports.rest_api.urls")),
    re_path("^api/program_enrollments(?:/|$)", unknown_path),
    path("", include("access.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("program_enrollments.rest_api.tokens")),
    *both_spellings("api/schema/", one_at_a_time(SpectacularAPIView.as_view()), "schema"),
    path("api-docs/", with_own_styles(SpectacularSwaggerSplitView.as_view()), name="swagger"),
    path(
        "api-docs/redoc/",
        with_own_styles(SpectacularRedocView.as_view(template_name="api_docs/redoc.html")),
        name="redoc",
    ),
]
if settings.ENABLE_REGISTRAR_API:
    urlpatterns.append(path("", include("registrar.rest_api.urls")))
