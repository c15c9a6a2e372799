"""Published and stored strings of imports (imports page)."""

from django.db import models

from program_enrollments.constants import (
    ACTIVE_PROGRAM_STATUSES,
    ProgramCourseEnrollmentStatus,
    ProgramEnrollmentStatus,
    WriteAction,
)


class ImportKind(models.TextChoices):
    """What a file's rows are about. Stored and published."""

    PROGRAM_ENROLLMENTS = "program_enrollments", "Program enrollments"
    COURSE_ENROLLMENTS = "course_enrollments", "Course enrollments"


class ImportMode(models.TextChoices):
    """Whether an import changes anything by itself. Stored and published."""

    APPLY = "apply", "Apply"
    PREVIEW = "preview", "Preview"


class ImportAction(models.TextChoices):
    """What rows may do. Stored and published; same rules as the write of the same name."""

    UPSERT = WriteAction.UPSERT.value, "Create or update"
    CREATE = WriteAction.CREATE.value, "Create only"
    UPDATE = WriteAction.UPDATE.value, "Update only"


class ImportState(models.TextChoices):
    """Where an import stands. Stored and published."""

    QUEUED = "queued", "Queued"
    PLANNING = "planning", "Planning"
    PLANNED = "planned", "Planned"
    HELD = "held", "Held"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Applied"
    APPLIED_WITH_ERRORS = "applied_with_errors", "Applied with errors"
    REJECTED = "rejected", "Rejected"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    DISCARDED = "discarded", "Discarded"
    UNDONE = "undone", "Undone"


RUNNABLE_STATES = (ImportState.QUEUED, ImportState.PLANNING, ImportState.APPLYING)
"""What a worker takes up; the last two when the worker before it died."""

FINISHED_STATES = (
    ImportState.APPLIED,
    ImportState.APPLIED_WITH_ERRORS,
    ImportState.REJECTED,
    ImportState.FAILED,
    ImportState.CANCELED,
    ImportState.DISCARDED,
    ImportState.UNDONE,
)
"""Nothing more happens to these by itself; one that failed may be resumed."""

APPLIED_STATES = (ImportState.APPLIED, ImportState.APPLIED_WITH_ERRORS)


class Decision(models.TextChoices):
    """What a person may decide about an import. Published: the last part of a path."""

    APPLY = "apply", "Apply"
    APPROVE = "approve", "Approve"
    DISCARD = "discard", "Discard"
    CANCEL = "cancel", "Cancel"
    UNDO = "undo", "Undo"


class RowOutcome(models.TextChoices):
    """What a row does. Stored and published."""

    CREATE = "create", "Create"
    UPDATE = "update", "Update"
    UNCHANGED = "unchanged", "Unchanged"
    DROP = "drop", "Drop"
    REJECT = "reject", "Reject"


class ExportFormat(models.TextChoices):
    """In what form enrollments are exported. Published."""

    CSV = "csv", "CSV"
    NDJSON = "ndjson", "NDJSON"


ACTIVE_STATUSES: dict[str, tuple[str, ...]] = {
    ImportKind.PROGRAM_ENROLLMENTS: tuple(status.value for status in ACTIVE_PROGRAM_STATUSES),
    ImportKind.COURSE_ENROLLMENTS: (ProgramCourseEnrollmentStatus.ACTIVE.value,),
}
"""In which snapshots drop those who are absent."""

ALL_ROWS_REJECTED = "all_rows_rejected"
"""The `error_code` of an import of whose rows none could be applied. Stored and published."""

LARGEST_MAX_DROP = 2**31 - 1
"""What the database holds."""
LEAST_MAX_DROP = 5
MAX_DROP_SHARE = 0.1
"""A snapshot that drops more learners than the larger of these two waits for a person."""
USUAL_MAX_DROP = f"the larger of {LEAST_MAX_DROP} and {MAX_DROP_SHARE:.0%}"

DROP_STATUSES = {
    ImportKind.PROGRAM_ENROLLMENTS: (
        ProgramEnrollmentStatus.CANCELED,
        ProgramEnrollmentStatus.ENDED,
        ProgramEnrollmentStatus.SUSPENDED,
    ),
    ImportKind.COURSE_ENROLLMENTS: (ProgramCourseEnrollmentStatus.INACTIVE,),
}
"""{kind: what a snapshot may give to absent learners}, the default first."""
