"""What imports refuse, and how running them is interrupted."""

import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from django.db import OperationalError
from psycopg2 import errorcodes

if TYPE_CHECKING:
    from imports.copying import PlannedRow


class ImportsError(Exception):
    """Base of all refusals; its text is a sentence for the client, `code` is stable."""

    code: ClassVar[str]


class InvalidOption(ImportsError):
    """An option, named `option`, has a value that makes no sense; `reason` says why."""

    code = "invalid_option"

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"Option {option}: {reason}")
        self.option = option
        self.reason = reason


class StateConflict(ImportsError):
    """The import is in a state in which this cannot be done with it."""

    code = "import_state_conflict"


class PlanStale(ImportsError):
    """Rows have changed since they were planned, so that the preview would not be what is applied.

    `rows` are the first of them, in order: (line of the file, student key); learners who are not in the file have no
    line. `lines` and `student_keys` (those of learners without a line) name them.
    """

    code = "plan_stale"

    def __init__(self, rows: Sequence[tuple[int | None, str]]) -> None:
        self.lines = [line for line, _ in rows if line is not None]
        self.student_keys = [student_key for line, student_key in rows if line is None]
        named = [
            f"{words} {', '.join(map(str, values))}"
            for words, values in (("lines", self.lines), ("absent learners", self.student_keys))
            if values
        ]
        super().__init__(f"Rows have changed since they were planned ({'; '.join(named)}); upload the file again.")


class SecondPersonNeeded(ImportsError):
    """Whoever uploaded a held import may not decide about it."""

    code = "second_person_needed"


class FileTooLarge(ImportsError):
    """The file has more bytes than the setting IMPORT_MAX_BYTES allows."""

    code = "file_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A file may have at most {limit} bytes. Compress it with gzip, or send it in parts.")


class BodyCutOff(ImportsError):
    """The body ended before its announced length: half a roster must not pass for a whole one."""

    code = "body_cut_off"

    def __init__(self) -> None:
        super().__init__("The request body ended early; nothing was imported.")


class ImportCanceled(Exception):
    """Somebody asked to cancel the import that is running."""


class WorkerStopping(Exception):
    """The process that runs the import is asked to end."""


class RowRefused(Exception):
    """A row cannot be applied, and the import is all or nothing."""

    def __init__(self, rows: "Sequence[PlannedRow]") -> None:
        super().__init__()
        self.rows = rows


def is_lack_of_space(exc: Exception) -> bool:
    """Tell whether a disk is full: that of the database, of the stored files or of temporary ones."""
    if isinstance(exc, OSError):
        return exc.errno in {errno.ENOSPC, errno.EDQUOT}
    return isinstance(exc, OperationalError) and getattr(exc.__cause__, "pgcode", None) == errorcodes.DISK_FULL
