"""Forms of the admin."""

from typing import Any

from django import forms

from learners.service import User, find_users_by_username


class StatusForm(forms.ModelForm):
    """An enrollment's status, and why it changes."""

    reason = forms.CharField(
        required=False, max_length=500, widget=forms.TextInput(attrs={"size": 80}), help_text="Kept in the history."
    )

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("reason") and "status" not in self.changed_data:
            self.add_error("reason", "Give a reason only when you change the status.")
        return self.cleaned_data


class AccountForm(forms.Form):
    """The account to link enrollments to, and why."""

    username = forms.CharField(max_length=150)
    reason = forms.CharField(required=False, max_length=500, help_text="Kept in the history.")

    def clean_username(self) -> User:
        username = self.cleaned_data["username"]
        user = find_users_by_username([username]).get(username)
        if user is None:
            raise forms.ValidationError("There is no account with this username.")
        return user
