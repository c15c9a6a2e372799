"""Locks of several imports in one transaction, which all take in the order of their ids."""

from uuid import UUID

from django.db.models import Q

from imports.models import Import


def lock_with_undo(import_id: UUID) -> Import | None:
    """Lock an import, with what it undoes and what undoes it. Returns it; None: there is none, or none any more."""
    related = Q(pk=import_id) | Q(undoes=import_id) | Q(undone_by=import_id)
    locked = Import.objects.filter(related).order_by("pk").select_for_update(of=("self",))
    return next((item for item in locked if item.pk == import_id), None)
