"""Forms of the admin pages."""

from typing import Any

from django import forms

from access.constants import Role, Scope
from access.exceptions import PartnerError
from access.models import Application, RoleAssignment
from access.partners import require_place


class ScopesField(forms.MultipleChoiceField):
    """Ticks for scopes."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("base_field", None)
        kwargs.pop("max_length", None)
        super().__init__(choices=Scope.choices, widget=forms.CheckboxSelectMultiple, **kwargs)


class PartnerForm(forms.ModelForm):
    """A new application, with the first role of its account."""

    allowed_scopes = ScopesField(initial=Scope.values)
    role = forms.ChoiceField(choices=Role.choices)
    organization_key = forms.CharField(
        label="Organization", required=False, help_text="Its key: for all programs that it authors, now and later."
    )
    program_uuid = forms.UUIDField(label="Program", required=False, help_text="Its uuid: for this program only.")

    class Meta:
        model = Application
        fields = ("name", "allowed_scopes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["organization_key"] = cleaned.get("organization_key") or None
        if (cleaned["organization_key"] is None) == (cleaned.get("program_uuid") is None):
            raise forms.ValidationError("Give either an organization or a program.")
        _check_place(cleaned)
        return cleaned

    def validate_constraints(self) -> None:
        """Leave the constraints to `create_partner`, which fills in what they are about."""


class ApplicationForm(forms.ModelForm):
    """What may change of an application. Its roles are changed where all roles are."""

    allowed_scopes = ScopesField(required=False)

    class Meta:
        model = Application
        fields = ("name", "allowed_scopes")


class RoleAssignmentForm(forms.ModelForm):
    """A role, on something that the catalog has."""

    class Meta:
        model = RoleAssignment
        fields = ("user", "group", "role", "organization_key", "program_uuid")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        _check_place(cleaned)
        return cleaned


class WhoMayForm(forms.Form):
    """Asks about a user or a program."""

    username = forms.CharField(required=False, max_length=150)
    program = forms.UUIDField(required=False, help_text="The program's uuid.")


def _check_place(cleaned: dict[str, Any]) -> None:
    try:
        require_place(cleaned.get("organization_key"), cleaned.get("program_uuid"))
    except PartnerError as error:
        raise forms.ValidationError(str(error)) from error
