"""What imports refuse, and how running them is interrupted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from imports.copying import PlannedRow


class ImportsError(Exception):
    """Base of all refusals; its text is a sentence for the client, `code` is stable."""

    code: ClassVar[str]


class InvalidOption(ImportsError):
    """An option has a value that makes no sense; the text names it."""

    code = "invalid_option"


class StateConflict(ImportsError):
    """The import is in a state in which this cannot be done with it."""

    code = "import_state_conflict"


class PlanStale(ImportsError):
    """Rows have changed since they were planned, so that the preview would not be what is applied.

    `lines` are the first of them: line numbers of the file, in order.
    """

    code = "plan_stale"

    def __init__(self, lines: Sequence[int]) -> None:
        super().__init__(
            f"Rows have changed since they were planned (lines {', '.join(map(str, lines))}); upload the file again."
        )
        self.lines = list(lines)


class SecondPersonNeeded(ImportsError):
    """Whoever uploaded a held import may not decide about it."""

    code = "second_person_needed"


class ImportCanceled(Exception):
    """Somebody asked to cancel the import that is running."""


class WorkerStopping(Exception):
    """The process that runs the import is asked to end."""


class RowRefused(Exception):
    """A row cannot be applied, and the import is all or nothing."""

    def __init__(self, rows: "Sequence[PlannedRow]") -> None:
        super().__init__()
        self.rows = rows
