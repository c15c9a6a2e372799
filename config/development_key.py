"""The key that signs tokens in development. Never used in production, where JWT_SIGNING_KEY holds the key."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY_BITS = 2048


def load_development_key(data_folder: Path) -> str:
    """Return the private key (PEM) under `data_folder`, made on first use; all processes get the same one."""
    file = data_folder / "development_signing_key.pem"
    if not file.exists():
        data_folder.mkdir(parents=True, exist_ok=True)
        _publish_once(_generate_key(), file)
    return file.read_text(encoding="ascii")


def _generate_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _publish_once(content: bytes, file: Path) -> None:
    # mkstemp makes the file for its owner only; a link appears whole or not at all, and never replaces another's.
    descriptor, temporary_name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
        with suppress(FileExistsError):
            os.link(temporary_name, file)
    finally:
        Path(temporary_name).unlink()
