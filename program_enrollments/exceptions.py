"""What the enrollment rules refuse. Each error carries the stable code that clients see (contract section 3)."""

from typing import ClassVar


class ProgramEnrollmentsError(Exception):
    """Base of all refusals; its text is a sentence for the client."""

    code: ClassVar[str]


class ProgramDoesNotExist(ProgramEnrollmentsError):
    """The catalog has no such program."""

    code = "program_does_not_exist"


class CourseDoesNotExist(ProgramEnrollmentsError):
    """The key is no course key, or the catalog has no such run."""

    code = "course_does_not_exist"


class CourseNotInProgram(ProgramEnrollmentsError):
    """The run exists, but not in this program."""

    code = "course_not_in_program"
