"""Receiving a file of any size into a temporary file, whichever way it is sent."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from typing import IO, Any, cast

from django.conf import settings
from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from imports.bodies import BoundedBody, BoundedFormHandler
from imports.exceptions import FileTooLarge
from imports.rest_api.errors import NoFile, UnknownContentEncoding
from program_enrollments.rest_api.exceptions import LengthRequired
from program_enrollments.rest_api.v1.bodies import is_chunked

FORM_TYPE = "multipart/form-data"
RAW_TYPES = ("text/csv", "application/x-ndjson", "application/gzip")
FILE_FIELD = "file"
FIELDS_OF_BROWSERS = frozenset({"csrfmiddlewaretoken"})
CONTENT_ENCODINGS = ("identity", "gzip")
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file, to be read from its beginning and then closed, and `options`: the form's other fields."""

    file: IO[bytes]
    file_name: str
    content_type: str
    options: Mapping[str, list[str]] = field(default_factory=dict)

    def describe(self) -> str:
        """Return what tells this upload from another, a digest of the file among it."""
        digest = file_digest(self.file, "sha256").hexdigest()  # type: ignore[arg-type]  # any open file will do
        self.file.seek(0)
        return json.dumps([digest, self.file_name, self.content_type, self.options], sort_keys=True)


def bound_form(request: HttpRequest) -> None:
    """Bound what is read of a form. To be called before anyone reads it."""
    request.upload_handlers = [BoundedFormHandler(request)]


def receive_upload(request: Request) -> Upload:
    """Read the whole body. Raises: an APIException that says what is wrong with it."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in CONTENT_ENCODINGS:
        raise UnknownContentEncoding
    media_type = request.content_type or ""
    if media_type_matches(FORM_TYPE, media_type):
        return _receive_form(request)
    if any(media_type_matches(known, media_type) for known in RAW_TYPES):
        return _receive_body(request, media_type)
    raise UnsupportedMediaType(media_type)


def _receive_form(request: Request) -> Upload:
    if is_chunked(request):
        raise LengthRequired
    form, files = cast(QueryDict, request.data), request.FILES
    if list(files.keys()) != [FILE_FIELD] or len(files.getlist(FILE_FIELD)) != 1:
        raise NoFile
    file = files[FILE_FIELD]
    if file.size > settings.IMPORT_MAX_BYTES:
        raise FileTooLarge(settings.IMPORT_MAX_BYTES)
    options = {name: values for name, values in form.lists() if name != FILE_FIELD and name not in FIELDS_OF_BROWSERS}
    return Upload(file, file.name, file.content_type or "", options)


def _receive_body(request: Request, media_type: str) -> Upload:
    stream: Any = request._request
    announced: int | None = int(request.META.get("CONTENT_LENGTH") or 0)
    if is_chunked(request):
        if not request.META.get("wsgi.input_terminated"):
            raise LengthRequired
        stream, announced = request.META["wsgi.input"], None
    body: Any = BoundedBody(stream, announced=announced, limit=settings.IMPORT_MAX_BYTES)
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by the caller
    try:
        shutil.copyfileobj(body, file, CHUNK_BYTES)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Upload(file, "", media_type)
