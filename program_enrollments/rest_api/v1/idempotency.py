"""The header `Idempotency-Key`, which makes any write safe to send again."""

import json
import re
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from program_enrollments import api
from program_enrollments.rest_api.exceptions import InvalidIdempotencyKey
from program_enrollments.rest_api.renderers import JSONRenderer
from program_enrollments.rest_api.requesters import name_requester
from program_enrollments.rest_api.v1.bodies import read_json

MAX_KEY_LENGTH = 255
VISIBLE_ASCII = re.compile(rf"[!-~]{{1,{MAX_KEY_LENGTH}}}")

Handler = Callable[..., Response]


def describe_json(view: APIView, request: Request) -> str:
    """Return the body as read: a client that writes its JSON anew, in another order, sends the same request."""
    return json.dumps(read_json(request), sort_keys=True, default=str)


def idempotent(handler: Handler, *, describe_body: Callable[[Any, Request], str] = describe_json) -> Handler:
    """Let a view's write be sent again under a key.

    Every answer that the write returns is final, and stored; whatever it raises is not. `describe_body` returns what
    tells one body from another.
    """

    @wraps(handler)
    def answer_once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if VISIBLE_ASCII.fullmatch(key) is None:
            raise InvalidIdempotencyKey
        write = api.WriteOnce(name_requester(request), key, _digest(request, describe_body(view, request)))
        responses = []

        def carry_out() -> api.FinalAnswer:
            response = handler(view, request, *args, **kwargs)
            responses.append(response)
            return api.FinalAnswer(response.status_code, JSONRenderer().render(response.data).decode())

        answer, is_replayed = api.answer_once(write, carry_out)
        if not is_replayed:
            return responses[0]
        data = json.loads(answer.body) if answer.body else None
        return Response(data, status=answer.status, headers={"Idempotency-Replayed": "true"})

    return answer_once


def _digest(request: Request, body: str) -> str:
    # A path is the same with and without its trailing slash (contract section 1).
    said = [str(request.method), request.path.removesuffix("/"), request.META.get("QUERY_STRING", ""), body]
    return sha256("\n".join(said).encode()).hexdigest()
