"""Tokens for those who have a password: simplejwt's endpoints, safe against tokens that it cannot digest."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from rest_framework.serializers import Serializer
from rest_framework_simplejwt import serializers, views
from rest_framework_simplejwt.exceptions import InvalidToken

from limits.service import guard_token_endpoint
from program_enrollments.rest_api.routes import both_spellings


class _TokenReader(Serializer[Any]):
    """Refuses what simplejwt would fail on: a header nested beyond the stack, an account deleted meanwhile."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            return dict(super().validate(attrs))
        except (RecursionError, ObjectDoesNotExist) as error:
            raise InvalidToken from error


class TokenRefreshSerializer(_TokenReader, serializers.TokenRefreshSerializer):
    pass


class TokenVerifySerializer(_TokenReader, serializers.TokenVerifySerializer):
    pass


class TokenBlacklistSerializer(_TokenReader, serializers.TokenBlacklistSerializer):
    pass


class TokenObtainView(views.TokenObtainPairView):
    """Exchange a username and password for an access token and a refresh token."""


class TokenRefreshView(views.TokenRefreshView):
    """Exchange a refresh token for new tokens; the old one is worth nothing afterwards."""

    serializer_class = TokenRefreshSerializer


class TokenVerifyView(views.TokenVerifyView):
    """Tell whether a token is valid."""

    serializer_class = TokenVerifySerializer


class TokenBlacklistView(views.TokenBlacklistView):
    """Make a refresh token worthless: sign out."""

    serializer_class = TokenBlacklistSerializer


urlpatterns = [
    *both_spellings("token/", guard_token_endpoint(TokenObtainView.as_view()), "token_obtain"),
    *both_spellings("token/refresh/", guard_token_endpoint(TokenRefreshView.as_view()), "token_refresh"),
    *both_spellings("token/verify/", guard_token_endpoint(TokenVerifyView.as_view()), "token_verify"),
    *both_spellings("token/blacklist/", guard_token_endpoint(TokenBlacklistView.as_view()), "token_blacklist"),
]
