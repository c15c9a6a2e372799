"""The endpoint that hands out partners' tokens, and the keys to check our tokens with."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from oauth2_provider.views.base import TokenView

from access.tokens.signing import describe_own_keys

KEYS_MAX_AGE_SECONDS = 600


class ApplicationTokenView(TokenView):
    """Exchange an application's id and secret for an access token (OAuth 2.0 client credentials, RFC 6749 4.4)."""

    http_method_names = ("post", "options")

    @method_decorator(sensitive_post_parameters("client_secret"))
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _, headers, body, status = self.create_token_response(request)  # type: ignore[no-untyped-call]
        response = HttpResponse(body, status=status, headers=headers)
        # The toolkit leaves these two out of some refusals.
        response["Content-Type"] = "application/json"
        response["Cache-Control"] = "no-store"
        if status == HTTPStatus.UNAUTHORIZED:
            response["WWW-Authenticate"] = 'Basic realm="oauth2"'
        return response


@require_safe
@cache_control(public=True, max_age=KEYS_MAX_AGE_SECONDS)
def show_public_keys(request: HttpRequest) -> JsonResponse:
    """Answer with the public keys of our tokens, a JWK set (RFC 7517)."""
    return JsonResponse(describe_own_keys())
