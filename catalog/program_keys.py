"""Which key a new program gets (Registrar API section 13)."""

from collections.abc import Collection, Iterator, Mapping
from itertools import count
from uuid import UUID

from django.utils.text import slugify

MAX_CHARACTERS = 100


def suggest_key(*, uuid: UUID, title: str, marketing_slug: str) -> str:
    """Return the slug of the marketing slug's last part; of the title when that is empty; else one of the uuid.

    The uuid itself would not do: the Registrar API neither tells nor takes it.
    """
    last_part = marketing_slug.rstrip("/").rpartition("/")[2]
    for text in (last_part, title):
        key = slugify(text)[:MAX_CHARACTERS].strip("-_")
        if key:
            return key
    return f"program-{uuid.hex[:8]}"


def choose_keys(suggestions: Mapping[UUID, str], taken: Collection[str]) -> dict[UUID, str]:
    """Return {uuid: its suggestion, with a number from 2 on when another program has it}, in the order given."""
    used, chosen = set(taken), {}
    for uuid, suggestion in suggestions.items():
        chosen[uuid] = next(key for key in _iter_variants(suggestion) if key not in used)
        used.add(chosen[uuid])
    return chosen


def _iter_variants(suggestion: str) -> Iterator[str]:
    yield suggestion
    for number in count(2):
        suffix = f"-{number}"
        yield suggestion[: MAX_CHARACTERS - len(suffix)] + suffix
