"""Locks of imports, which all take in the order of their ids, and locks of ours by name."""

from hashlib import blake2b
from uuid import UUID

from django.db.models import Q

from imports.models import Import


def lock_with_undo(import_id: UUID) -> Import | None:
    """Lock an import, with what it undoes and what undoes it. Returns it; None: there is none, or none any more."""
    related = Q(pk=import_id) | Q(undoes=import_id) | Q(undone_by=import_id)
    locked = Import.objects.filter(related).order_by("pk").select_for_update(of=("self",))
    return next((item for item in locked if item.pk == import_id), None)


def lock_number(name: str) -> int:
    """Return the number by which PostgreSQL knows a lock of ours."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
