"""Tokens for those who have a password: simplejwt's endpoints, with the keys of all our tokens."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from rest_framework_simplejwt import serializers, views
from rest_framework_simplejwt.exceptions import InvalidToken

from access.issuing import AnyUserToken, UserRefreshToken
from program_enrollments.rest_api.routes import both_spellings


class TokenObtainSerializer(serializers.TokenObtainPairSerializer):
    token_class = UserRefreshToken


class TokenRefreshSerializer(serializers.TokenRefreshSerializer):
    token_class = UserRefreshToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        try:
            return super().validate(attrs)
        except ObjectDoesNotExist as error:  # the account was deleted meanwhile
            raise InvalidToken from error


class TokenVerifySerializer(serializers.TokenVerifySerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        AnyUserToken(attrs["token"])
        return {}


class TokenBlacklistSerializer(serializers.TokenBlacklistSerializer):
    token_class = UserRefreshToken


class TokenObtainView(views.TokenObtainPairView):
    """Exchange a username and password for an access token and a refresh token."""

    serializer_class = TokenObtainSerializer


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
    *both_spellings("token/", TokenObtainView.as_view(), "token_obtain"),
    *both_spellings("token/refresh/", TokenRefreshView.as_view(), "token_refresh"),
    *both_spellings("token/verify/", TokenVerifyView.as_view(), "token_verify"),
    *both_spellings("token/blacklist/", TokenBlacklistView.as_view(), "token_blacklist"),
]
