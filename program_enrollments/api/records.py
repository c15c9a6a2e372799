"""What callers hand to the functions of this package, and some of what they get back."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ChangeSource:
    """Who changes something and why, as history keeps it. Both None: the system itself."""

    user_id: int | None = None
    reason: str | None = None


SYSTEM = ChangeSource()


class ProgramEnrollmentRecord(NamedTuple):
    """One learner's record of a bulk write (contract section 4.1).

    `curriculum_uuid` may be None in an update only. `status` is judged by the write, learner by learner.
    """

    student_key: str
    status: str
    curriculum_uuid: UUID | None = None


class AccountInRun(NamedTuple):
    """What an account has in a course run: `mode` is that of its course enrollment, None where there is none."""

    course_staff: bool
    mode: str | None
    is_active: bool


class ProgramCourseEnrollmentRecord(NamedTuple):
    """One learner's record of a bulk write in a course run (contract section 4.2).

    `course_staff` None leaves the learner's role as it is.
    """

    student_key: str
    status: str
    course_staff: bool | None = None


@dataclass(frozen=True, slots=True)
class LmsRefusal:
    """A row of an LMS that cannot be read, and why; `lms_id` is its id, unless that is what cannot be read."""

    line: int
    lms_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class LmsProgramEnrollment:
    """A program enrollment as an Open edX LMS keeps it; `lms_id` and `lms_user_id` are ids there.

    `line` is that of its file, `status` a known one. Times are aware.
    """

    line: int
    lms_id: int
    created: datetime
    modified: datetime
    student_key: str | None
    lms_user_id: int | None
    program_uuid: UUID
    curriculum_uuid: UUID
    status: str


@dataclass(frozen=True, slots=True)
class LmsCourseEnrollment:
    """A program course enrollment as an Open edX LMS keeps it; `program_lms_id` is the program enrollment's id there.

    `course_key` is the text of a course run's key; the rest as in `LmsProgramEnrollment`.
    """

    line: int
    lms_id: int
    created: datetime
    modified: datetime
    program_lms_id: int
    course_key: str
    status: str
