"""What the admin says about imports, for a school's clerks."""

from typing import Any

from imports.constants import RUNNABLE_STATES, USUAL_MAX_DROP, Decision, ImportKind, ImportMode, ImportState, RowOutcome
from imports.service import Import, list_decisions, measure_speed

STATE_SENTENCES = {
    ImportState.QUEUED: "It is waiting for its turn. Nothing has been changed yet.",
    ImportState.PLANNING: "The rows are being compared with the current enrollments. Nothing has been changed yet.",
    ImportState.PLANNED: "This is a preview: nothing has been changed. Apply it if it is right, or discard it.",
    ImportState.HELD: "So many learners are missing from the file that somebody has to look at it first. Nothing has "
    "been changed yet. Approve it if the file is the whole roster; discard it if it is not.",
    ImportState.APPLYING: "The rows are being carried out.",
    ImportState.APPLIED: "All rows were carried out.",
    ImportState.APPLIED_WITH_ERRORS: "The rows were carried out, except for the rejected ones.",
    ImportState.REJECTED: "Nothing was changed.",
    ImportState.FAILED: "It failed before it was finished.",
    ImportState.CANCELED: "It was stopped. What had been carried out by then stands.",
    ImportState.DISCARDED: "It was ended without being applied. Nothing was changed.",
    ImportState.UNDONE: "It was carried out, and undone later.",
}

OUTCOME_SENTENCES = {
    RowOutcome.CREATE: "Enrollments that are new.",
    RowOutcome.UPDATE: "Enrollments that change.",
    RowOutcome.UNCHANGED: "Enrollments that are already as the file says.",
    RowOutcome.DROP: "Learners who are missing from the file.",
    RowOutcome.REJECT: "Rows that are left out because something is wrong with them.",
}


def tell_progress(item: Import) -> dict[str, Any]:
    """Return how far an import is, as the page's script wants it. It must have its `queue_place`.

    `sentence` says it in words. `is_running`: it goes on by itself, so that it is worth asking again.
    """
    state = ImportState(item.state)
    return {
        "id": str(item.pk),
        "state": state.value,
        "state_label": state.label,
        "is_running": state in RUNNABLE_STATES,
        "rows_total": item.rows_total,
        "rows_done": item.rows_done,
        "sentence": _tell_rows(item, state),
    }


def tell_state(item: Import) -> str:
    """Return what the import's state means, and what there is to do."""
    if item.is_cancel_asked and item.state in RUNNABLE_STATES:
        return "It is being stopped. What has been carried out stands."
    if item.state == ImportState.PLANNED and Decision.APPLY not in list_decisions(item):
        return "This is a preview, and nothing of it can be applied. Correct the file, and upload it again."
    return STATE_SENTENCES[ImportState(item.state)]


def tell_plan(item: Import) -> list[tuple[str, str, str]]:
    """Return (outcome, number of rows, what that means) for every outcome; empty before there is a plan."""
    if not item.counts:
        return []
    return [
        (outcome.label, f"{item.counts.get(outcome, 0):,}", _tell_outcome(item, outcome))
        for outcome in RowOutcome
        if outcome != RowOutcome.DROP or item.is_snapshot or item.undoes_id
    ]


def tell_scope(item: Import) -> str:
    """Return what a snapshot's numbers of learners mean; empty for anything else, and before there is a plan."""
    if not item.is_snapshot or item.scope_active is None:
        return ""
    places = "course runs" if item.kind == ImportKind.COURSE_ENROLLMENTS else "curricula"
    limit = USUAL_MAX_DROP if item.max_drop is None else f"{item.max_drop:,}"
    return (
        f"The {places} that occur in the file have {count_of(item.scope_active, 'active learner')}; "
        f"{item.counts.get(RowOutcome.DROP, 0):,} of them are missing from it. "
        f"To drop more than {limit} needs somebody's approval."
    )


def tell_changes(item: Import) -> str:
    """Return what carrying out the plan changes, for somebody who is about to say yes."""
    counts = {outcome: item.counts.get(outcome, 0) for outcome in RowOutcome}
    if item.undoes_id:
        parts = [
            f"puts {count_of(counts[RowOutcome.UPDATE], 'enrollment')} back",
            f"deletes {count_of(counts[RowOutcome.DROP], 'enrollment')} that the import created",
        ]
    else:
        parts = [
            f"creates {count_of(counts[RowOutcome.CREATE], 'enrollment')}",
            f"changes {count_of(counts[RowOutcome.UPDATE], 'enrollment')}",
        ]
    if item.is_snapshot:
        learners = count_of(counts[RowOutcome.DROP], "learner")
        parts.append(f"sets {learners} missing from the file to {item.drop_status}")
    rejected = counts[RowOutcome.REJECT]
    left_out = f" Left out: {count_of(rejected, 'rejected row')}." if rejected else ""
    return f"This {', '.join(parts[:-1])} and {parts[-1]}.{left_out}"


def count_of(number: int, noun: str) -> str:
    """Return `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _tell_rows(item: Import, state: ImportState) -> str:
    if state == ImportState.QUEUED:
        ahead = item.queue_place  # type: ignore[attr-defined]  # an annotation
        return f"waits for {count_of(ahead, 'import')} before it" if ahead else "is next"
    speed = measure_speed(item)
    at_speed = "" if speed is None else f", {round(speed):,} a second"
    if state == ImportState.PLANNING:
        return f"{count_of(item.rows_total, 'row')} read{at_speed}"
    if state in {ImportState.PLANNED, ImportState.HELD}:
        return f"{count_of(item.rows_total, 'row')} planned"
    return f"{item.rows_done:,} of {count_of(item.rows_total, 'row')}{at_speed}"


def _tell_outcome(item: Import, outcome: RowOutcome) -> str:
    if outcome == RowOutcome.DROP and item.undoes_id:
        return "Enrollments that the import created. They are deleted."
    if outcome == RowOutcome.DROP:
        return f"{OUTCOME_SENTENCES[outcome]} They get the status {item.drop_status}."
    if outcome == RowOutcome.UNCHANGED and item.undoes_id:
        return "Enrollments that are already as they were."
    return OUTCOME_SENTENCES[outcome]


def tell_what(item: Import) -> str:
    """Return what kind of import it is, in a few words."""
    if item.undoes_id:
        name = "Undo"
    else:
        name = f"{item.get_kind_display()}, whole roster" if item.is_snapshot else item.get_kind_display()
    # A preview that was applied is stored as one to be applied.
    return f"{name} (preview)" if item.mode == ImportMode.PREVIEW else name
