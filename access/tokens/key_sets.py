"""The published keys of foreign issuers, cached for all processes."""

import hashlib
import json
import logging
import threading
import time
from http import HTTPStatus
from typing import Any

import requests
from django.core.cache import cache

from access.tokens.public_keys import PublicKey, read_key_set

logger = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
FRESH_SECONDS = 10 * 60
SECONDS_BETWEEN_READS = 60
TIMEOUT_SECONDS = 3
TOTAL_SECONDS = 5
MAX_BYTES = 256 * 1024

# Threads that miss the same new key wait for the one that reads it, instead of being refused.
_reading = threading.Lock()


def find_issuer_keys(url: str, *, key_id: str | None, algorithm: str) -> list[PublicKey]:
    """Return the keys published at `url` that fit a token's header; empty if none does, or none could be read.

    The key set is read again when no key fits or it is ten minutes old (a key may have been withdrawn), by all
    processes together at most once a minute. While it cannot be read, the last one stays good for a day.
    """
    key_set, is_fresh = _load(url)
    fitting = _list_fitting(key_set, key_id, algorithm)
    if fitting and is_fresh:
        return fitting
    # Nobody waits who has a key that was good ten minutes ago.
    if not _reading.acquire(blocking=not fitting):
        return fitting
    try:
        key_set, is_fresh = _load(url)
        fitting = _list_fitting(key_set, key_id, algorithm)
        if not (fitting and is_fresh) and cache.add(_cache_key(url, "read"), True, SECONDS_BETWEEN_READS):
            fitting = _list_fitting(_read_again(url, key_set), key_id, algorithm)
        return fitting
    finally:
        _reading.release()


def _load(url: str) -> tuple[list[Any], bool]:
    """Return the cached keys, as they were published, and whether they are fresh."""
    key_set, read_at = cache.get(_cache_key(url, "keys"), ([], 0.0))
    return key_set, time.time() - read_at < FRESH_SECONDS


def _read_again(url: str, known: list[Any]) -> list[Any]:
    try:
        key_set = _fetch(url)
    except (requests.RequestException, ValueError) as error:
        logger.warning("The keys at %s could not be read: %s", url, type(error).__name__)
        return known
    cache.set(_cache_key(url, "keys"), (key_set, time.time()), KEPT_SECONDS)
    return key_set


def _fetch(url: str) -> list[Any]:
    deadline = time.monotonic() + TOTAL_SECONDS
    content = bytearray()
    with requests.get(url, timeout=TIMEOUT_SECONDS, stream=True, allow_redirects=False) as answer:
        if answer.status_code != HTTPStatus.OK:
            raise ValueError("unexpected status")
        for chunk in answer.iter_content(chunk_size=16 * 1024):
            content += chunk
            if len(content) > MAX_BYTES or time.monotonic() > deadline:
                raise ValueError("too long")
    try:
        document = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    key_set = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(key_set, list):
        raise ValueError("no list of keys")  # noqa: TRY004 -- what came over the network is wrong, no argument
    return key_set


def _list_fitting(key_set: list[Any], key_id: str | None, algorithm: str) -> list[PublicKey]:
    return [key for key in read_key_set(key_set) if key.fits(key_id=key_id, algorithm=algorithm)]


def _cache_key(url: str, what: str) -> str:
    return f"access:key-set:{what}:{hashlib.sha256(url.encode()).hexdigest()}"
