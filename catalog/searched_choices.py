"""Choices of the admin that are searched for among very many rows."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey
from django.http import HttpRequest


class SearchedChoice(AutocompleteSelect):
    """Django's own, which fails where a form that comes back holds an id that is no number."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        """Show nothing for what is no id; the form's errors tell of it."""
        return super().optgroups(name, [chosen for chosen in value if chosen.isdecimal()], attrs)


class SearchedChoicesMixin:
    """Gives pages of the admin such choices for their `autocomplete_fields`."""

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Choose the widget; the rest is Django's."""
        page: Any = self
        if db_field.name in page.get_autocomplete_fields(request):
            kwargs["widget"] = SearchedChoice(db_field, page.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]  # of the other base
