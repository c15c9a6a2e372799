"""Tokens for those who have a password: simplejwt's endpoints, with the keys of all our tokens."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework_simplejwt import serializers, views

from access.issuing import AnyUserToken, UserRefreshToken
from limits.service import guard_token_endpoint
from program_enrollments.rest_api.routes import both_spellings
from program_enrollments.rest_api.schema import count_of, error, malformed


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
ACCESS_EXAMPLE = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ij…In0.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwic3Vi…In0.ODM2YzA3Mj…"
REFRESH_EXAMPLE = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ij…In0.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsInN1…In0.MTk0OGQ1ZT…"


def tokens(serializer: type[serializers.TokenObtainSerializer | serializers.TokenRefreshSerializer]) -> OpenApiResponse:
    example = {"access": ACCESS_EXAMPLE, "refresh": REFRESH_EXAMPLE}
    return OpenApiResponse(
        serializer,
        description="A token for requests, and one that buys the next.",
        examples=[OpenApiExample("Example", value=example)],
    )


def sent(body: dict[str, str]) -> list[OpenApiExample]:
    return [OpenApiExample("Request", value=body, request_only=True)]


def refusals(field: str) -> dict[int, OpenApiResponse]:
    return {
        400: malformed("The body is malformed.", field),
        401: error(
            "The token is invalid, was blacklisted, or the password was changed.",
            token_not_valid="Token is blacklisted",  # noqa: S106 -- the code of an error
        ),
    }


IT_IS = OpenApiResponse({"type": "object"}, description="It is.", examples=[OpenApiExample("Example", value={})])


@extend_schema_view(
    post=extend_schema(
        operation_id="obtain_token",
        summary="Exchange a username and password for tokens",
        description=f"The access token opens the API for {count_of(ACCESS_MINUTES, 'minute')}, the refresh token buys"
        f" new ones for {count_of(REFRESH_DAYS, 'day')}.",
        tags=[TAG],
        auth=[],
        examples=sent({"username": "ada", "password": "password"}),
        responses={
            200: tokens(serializers.TokenObtainPairSerializer),
            400: malformed("The body is malformed.", "password"),
            401: error(
                "No active account has this username and password.",
                no_active_account="No active account found with the given credentials",
            ),
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
        examples=sent({"refresh": REFRESH_EXAMPLE}),
        responses={200: tokens(TokenRefreshSerializer), **refusals("refresh")},
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
        examples=sent({"token": ACCESS_EXAMPLE}),
        responses={200: IT_IS, **refusals("token")},
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
        examples=sent({"refresh": REFRESH_EXAMPLE}),
        responses={200: IT_IS, **refusals("refresh")},
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
