"""Published and stored strings of program enrollments (contract section 4), and how long and large values may be."""

import re
from typing import Final

from django.db import models

from learners.constants import CourseRole

MAX_STUDENT_KEY_LENGTH: Final = 255
"""In characters (contract section 4). Stored and published: a change needs a migration and breaks clients."""

MAX_ID: Final = 2**63 - 1
"""The largest primary key that the database can hold."""


class ProgramEnrollmentStatus(models.TextChoices):
    """Status of a program enrollment. Stored and published: a change needs a migration and breaks clients."""

    ENROLLED = "enrolled", "Enrolled"
    PENDING = "pending", "Pending"
    SUSPENDED = "suspended", "Suspended"
    CANCELED = "canceled", "Canceled"
    ENDED = "ended", "Ended"


ACTIVE_PROGRAM_STATUSES = (ProgramEnrollmentStatus.ENROLLED, ProgramEnrollmentStatus.PENDING)


class ProgramCourseEnrollmentStatus(models.TextChoices):
    """Status of a program course enrollment. Stored and published, as above."""

    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"


class WriteFailure(models.TextChoices):
    """Why one learner's record was not written. Published."""

    DUPLICATED = "duplicated"
    INVALID_STATUS = "invalid-status"
    CONFLICT = "conflict"
    NOT_IN_PROGRAM = "not-in-program"
    NOT_FOUND = "not-found"
    ILLEGAL_OPERATION = "illegal-operation"
    INTERNAL_ERROR = "internal-error"


class WriteAction(models.TextChoices):
    """What a bulk write may do to a learner's enrollment. Internal."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"


class WriteKind(models.TextChoices):
    """What a bulk write enrolls in. Published: queries of the metrics name it."""

    PROGRAM = "program"
    COURSE_RUN = "course_run"


class ChangeReason(models.TextChoices):
    """Why something is changed where nobody says so in their own words. Stored in history."""

    ADMIN = "changed in the admin"
    IDENTITY = "the account got an identity with this student key"
    LINKED_BY_COMMAND = "manage.py link_program_enrollments"
    RETIRED_BY_COMMAND = "manage.py retire_user"
    LMS = "Imported from an LMS"
    DEMO = "Demo data"


OWN_REASON: Final = (
    rf"^({'|'.join(map(re.escape, ChangeReason.values))}|API (POST|PUT|PATCH|DELETE)|"
    r"import [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
)
"""Regular expression of the reasons that the service makes. All others are what people typed, and may name anybody."""


STAFF_ROLE: Final = CourseRole.STAFF.value
"""The one role that a record's `course_staff` speaks of (contract section 4.2). Stored."""


class CourseRunStatus(models.TextChoices):
    """How far a learner is in a course run (contract section 5.3). Published."""

    IN_PROGRESS = "in_progress"
    UPCOMING = "upcoming"
    COMPLETED = "completed"


class LmsTable(models.TextChoices):
    """Tables of an LMS that are taken over. Internal."""

    PROGRAM_ENROLLMENTS = "program_enrollments_programenrollment", "Program enrollments"
    COURSE_ENROLLMENTS = "program_enrollments_programcourseenrollment", "Course enrollments"


class LmsRowOutcome(models.TextChoices):
    """What becomes of a row of an LMS here. Internal.

    NEWER_HERE: it has another status here, which was set later than the row's.
    """

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    NEWER_HERE = "newer here"
    REFUSED = "refused"
