"""How clients name themselves to token endpoints in a header."""

import base64
import binascii
from urllib.parse import unquote_plus


def read_basic(header: str) -> tuple[str, str] | None:
    """Return client id and secret of an `Authorization: Basic` header, form-encoded in it (RFC 6749 section 2.3.1).

    Empty ones if it cannot be read; None for any other header.
    """
    word, _, encoded = header.partition(" ")
    if word.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
