"""What callers hand to the writing functions."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ChangeSource:
    """Who changes something and why, as history keeps it. Both None: the system itself."""

    user_id: int | None = None
    reason: str | None = None


SYSTEM = ChangeSource()


@dataclass(frozen=True, slots=True)
class ProgramEnrollmentRecord:
    """One learner's record of a bulk write (contract section 4.1).

    `curriculum_uuid` may be None in an update only. `status` is judged by the write, learner by learner.
    """

    student_key: str
    status: str
    curriculum_uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class ProgramCourseEnrollmentRecord:
    """One learner's record of a bulk write in a course run (contract section 4.2).

    `course_staff` None leaves the learner's role as it is.
    """

    student_key: str
    status: str
    course_staff: bool | None = None
