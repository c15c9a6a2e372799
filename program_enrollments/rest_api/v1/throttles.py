"""Rates of requests: each is counted for its requester, and each answer says what is left."""

from typing import Any

from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from limits.service import READ, WRITE, Usage, count_request, write_rate_headers
from program_enrollments.rest_api.requesters import find_client_id, name_requester
from tracing.service import note_requester


class RateLimitMixin(APIView):
    """Counts a request as soon as it is known who sent it: also those that are then refused.

    Reads and writes are counted apart, for an application or user, and for an address when nobody signed in.
    """

    usage: Usage | None = None

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except exceptions.APIException:
            self._count(request)
            raise
        note_requester(user_id=request.user.pk, client_id=find_client_id(request))
        self._count(request)

    def check_throttles(self, request: Request) -> None:
        """Do nothing: counted already, ahead of the permissions."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.usage is not None:
            write_rate_headers(response, self.usage)
        return response

    def _count(self, request: Request) -> None:
        scope = READ if request.method in SAFE_METHODS else WRITE
        self.usage = count_request(scope, name_requester(request))
        if self.usage.is_exceeded:
            self.throttled(request, self.usage.reset_seconds)
