"""Routes of tokens. The token endpoint answers at the paths of an Open edX LMS and of the OAuth toolkit."""

from django.urls import path

from access.views import ApplicationTokenView, show_public_keys
from limits.service import guard_client_endpoint

app_name = "access"

application_token = guard_client_endpoint(ApplicationTokenView.as_view())

urlpatterns = [
    path("oauth2/access_token", application_token, name="application_token"),
    path("oauth2/access_token/", application_token),
    path("oauth2/token", application_token),
    path("oauth2/token/", application_token),
    path(".well-known/jwks.json", show_public_keys, name="public_keys"),
]
