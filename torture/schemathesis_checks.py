"""What schemathesis looks for beside its own checks; it loads this module by the variable SCHEMATHESIS_HOOKS."""

from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation


class ForbiddenBodyAcceptedError(AssertionError):
    """A body that the schema forbids was answered with 2xx."""


TEXTS = frozenset({"text/csv", "application/x-ndjson"})
"""Media types of bodies that are one text. A number or a list, once sent as such, is a text as well."""

schemathesis.serializer.alias("application/x-ndjson", "text/plain")


@schemathesis.check
def forbidden_body_refusal(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Raise unless a body that the schema forbids is refused.

    Parameters are left out: the contract (section 5) gives a bad `page_size` the default.
    """
    body = case.meta.components.get(ParameterLocation.BODY) if case.meta and case.media_type not in TEXTS else None
    if body is not None and body.mode.is_negative and response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        raise ForbiddenBodyAcceptedError(f"The schema forbids the body, and the answer is {response.status_code}.")
