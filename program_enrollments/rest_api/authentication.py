"""Reading who asks (contract section 2)."""

from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token


class TokenAuthentication(JWTAuthentication):
    """`Authorization: JWT <token>` or `Bearer <token>`, for active accounts."""

    def get_validated_token(self, raw_token: bytes) -> Token:
        try:
            return super().get_validated_token(raw_token)
        except RecursionError as error:  # a token's header is JSON that is read before its signature
            raise InvalidToken from error
