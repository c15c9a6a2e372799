"""Writing answers."""

from collections.abc import Mapping
from typing import Any

from rest_framework import renderers


class ASCIIRenderer(renderers.JSONRenderer):
    """JSON in ASCII, with escapes."""

    ensure_ascii = True


class JSONRenderer(renderers.JSONRenderer):
    """JSON in UTF-8; in ASCII, with escapes, if it repeats half a character that a client has sent."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return ASCIIRenderer().render(data, accepted_media_type, renderer_context)
