"""Tokens for those who have a password: simplejwt's endpoints, with the keys of all our tokens."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework_simplejwt import serializers, views

from access.issuing import AnyUserToken, UserRefreshToken
from limits.service import guard_token_endpoint
from program_enrollments.rest_api.routes import both_spellings
from program_enrollments.rest_api.schema import count_of, error


class TokenObtainSerializer(serializers.TokenObtainPairSerializer):
    token_class = UserRefreshToken


class TokenRefreshSerializer(serializers.TokenRefreshSerializer):
    token_class = UserRefreshToken


class TokenVerifySerializer(serializers.TokenVerifySerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        AnyUserToken(attrs["token"])
        return {}


class TokenBlacklistSerializer(serializers.TokenBlacklistSerializer):
    token_class = UserRefreshToken


TAG = "Tokens"
ACCESS_MINUTES = settings.ACCESS_TOKEN_LIFETIME // timedelta(minutes=1)
REFRESH_DAYS = UserRefreshToken.lifetime.days
BAD_TOKEN = {
    400: error("The body is malformed.", "invalid_request"),
    401: error("The token is invalid, was blacklisted, or the password was changed.", "token_not_valid"),
}


@extend_schema_view(
    post=extend_schema(
        operation_id="obtain_token",
        summary="Exchange a username and password for tokens",
        description=f"The access token opens the API for {count_of(ACCESS_MINUTES, 'minute')}, the refresh token buys"
        f" new ones for {count_of(REFRESH_DAYS, 'day')}.",
        tags=[TAG],
        auth=[],
        responses={
            200: serializers.TokenObtainPairSerializer,
            400: error("The body is malformed.", "invalid_request"),
            401: error("No active account has this username and password.", "no_active_account"),
        },
    )
)
class TokenObtainView(views.TokenObtainPairView):
    """Exchange a username and password for an access token and a refresh token."""

    serializer_class = TokenObtainSerializer


@extend_schema_view(
    post=extend_schema(
        operation_id="refresh_token",
        summary="Exchange a refresh token for new tokens",
        description="The old refresh token is worth nothing afterwards.",
        tags=[TAG],
        auth=[],
        responses={200: TokenRefreshSerializer, **BAD_TOKEN},
    )
)
class TokenRefreshView(views.TokenRefreshView):
    """Exchange a refresh token for new tokens; the old one is worth nothing afterwards."""

    serializer_class = TokenRefreshSerializer


@extend_schema_view(
    post=extend_schema(
        operation_id="verify_token",
        summary="Tell whether a token is valid",
        tags=[TAG],
        auth=[],
        responses={200: OpenApiResponse({"type": "object"}, description="It is."), **BAD_TOKEN},
    )
)
class TokenVerifyView(views.TokenVerifyView):
    """Tell whether a token is valid."""

    serializer_class = TokenVerifySerializer


@extend_schema_view(
    post=extend_schema(
        operation_id="blacklist_token",
        summary="Make a refresh token worthless",
        tags=[TAG],
        auth=[],
        responses={200: OpenApiResponse({"type": "object"}, description="It is."), **BAD_TOKEN},
    )
)
class TokenBlacklistView(views.TokenBlacklistView):
    """Make a refresh token worthless: sign out."""

    serializer_class = TokenBlacklistSerializer


urlpatterns = [
    *both_spellings("token/", guard_token_endpoint(TokenObtainView.as_view()), "token_obtain"),
    *both_spellings("token/refresh/", guard_token_endpoint(TokenRefreshView.as_view()), "token_refresh"),
    *both_spellings("token/verify/", guard_token_endpoint(TokenVerifyView.as_view()), "token_verify"),
    *both_spellings("token/blacklist/", guard_token_endpoint(TokenBlacklistView.as_view()), "token_blacklist"),
]
