"""What the buttons of an import do."""

from collections.abc import Callable
from dataclasses import dataclass

from imports import service
from imports.admin.telling import tell_changes
from imports.constants import Decision, ImportMode, ImportState
from imports.service import Import
from learners.service import User


@dataclass(frozen=True, slots=True)
class Button:
    """A decision as the page offers it.

    `carry_out` returns the import to show next: an undo is one of its own. `ask` returns what to confirm first; None:
    nothing, as it changes no enrollment.
    """

    decision: Decision
    label: str
    done: str
    carry_out: Callable[[Import, User, str], Import]
    ask: Callable[[Import], str] | None = None


def _ask_apply(item: Import) -> str:
    return tell_changes(item) if item.planned_at else "This reads the file and carries it out."


def _ask_undo(item: Import) -> str:
    return (
        "This puts back every enrollment that the import changed, as it was before, and deletes those that it created, "
        f"unless they have been changed again since. {item.rows_done:,} rows were carried out."
    )


BUTTONS = {
    "apply": Button(
        Decision.APPLY,
        "Apply",
        "The import goes on.",
        lambda item, by, request_id: service.apply_import(item.pk),
        _ask_apply,
    ),
    "approve": Button(
        Decision.APPROVE,
        "Approve",
        "The import is approved, and goes on.",
        lambda item, by, request_id: service.approve_import(item.pk, by=by),
        tell_changes,
    ),
    "discard": Button(
        Decision.DISCARD,
        "Discard",
        "The import is discarded. Nothing was changed.",
        lambda item, by, request_id: service.discard_import(item.pk, by=by),
    ),
    "preview_undo": Button(
        Decision.UNDO,
        "Preview undoing it",
        "This is the preview of the undo. Nothing is changed until you apply it.",
        lambda item, by, request_id: service.undo_import(
            item.pk, mode=ImportMode.PREVIEW, by=by, request_id=request_id
        ),
    ),
    "undo": Button(
        Decision.UNDO,
        "Undo",
        "The import is being undone; this page tells how far that is.",
        lambda item, by, request_id: service.undo_import(item.pk, by=by, request_id=request_id),
        _ask_undo,
    ),
    "cancel": Button(
        Decision.CANCEL,
        "Cancel",
        "The import stops. What has been carried out stands.",
        lambda item, by, request_id: service.cancel_import(item.pk),
    ),
}
"""{name: button}, in the order of the page."""


def list_buttons(item: Import) -> list[tuple[str, str]]:
    """Return (name, label) of what can be done with an import as it stands."""
    possible = service.list_decisions(item)
    if Decision.DISCARD in possible:
        # While nothing runs, the two come to the same; one button is enough.
        possible.remove(Decision.CANCEL)
    return [(name, label_of(button, item)) for name, button in BUTTONS.items() if button.decision in possible]


def label_of(button: Button, item: Import) -> str:
    """Return what stands on the button."""
    if button.decision == Decision.APPLY and item.state == ImportState.FAILED:
        return "Resume where it stopped"
    return button.label
