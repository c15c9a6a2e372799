"""Reading a request's body within bounds, a form's files into temporary files."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser

from imports.exceptions import BodyCutOff, FileTooLarge

FORM_OVERHEAD_BYTES = 1 << 16


class BoundedBody:
    """A request's body, of which `announced` is the length, None if unknown.

    Reading raises FileTooLarge beyond the limit, and BodyCutOff where the body is shorter than announced.
    """

    def __init__(self, stream: Any, *, announced: int | None, limit: int) -> None:
        self._stream = stream
        self._announced = announced
        self._limit = limit
        self._received = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end."""
        data: bytes = self._stream.read(size)
        self._received += len(data)
        if max(self._received, self._announced or 0) > self._limit:
            raise FileTooLarge(settings.IMPORT_MAX_BYTES)
        if not data and self._announced is not None and self._received < self._announced:
            raise BodyCutOff
        return data


class BoundedFormHandler(FileUploadHandler):
    """Reads a form within bounds, its files into temporary files, whoever asks for the form first.

    To be set as the request's only upload handler before anyone reads the form. Reading raises as `BoundedBody` does.
    """

    def get_file_handler(self) -> FileUploadHandler:
        """Return what takes the form's files."""
        return TemporaryFileUploadHandler(self.request)

    def get_limit(self) -> int:
        """Return how many bytes a form may have."""
        limit: int = settings.IMPORT_MAX_BYTES + FORM_OVERHEAD_BYTES
        return limit

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> Any:
        """Read the whole form."""
        body: Any = BoundedBody(input_data, announced=content_length, limit=self.get_limit())
        return MultiPartParser(META, body, [self.get_file_handler()], encoding).parse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Do nothing: the form is read already."""

    def file_complete(self, file_size: int) -> None:
        """Do nothing: the form is read already."""
