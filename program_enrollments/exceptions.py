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


class OrganizationDoesNotExist(ProgramEnrollmentsError):
    """The catalog has no such organization."""

    code = "organization_does_not_exist"


class ProgramOfAnotherOrganization(ProgramEnrollmentsError):
    """The program exists, but the organization does not author it."""

    code = "program_of_another_organization"


class UserDoesNotExist(ProgramEnrollmentsError):
    """There is no account with this username."""

    code = "user_does_not_exist"


class UserIsStaff(ProgramEnrollmentsError):
    """The account is a member of staff, whom this would lock out."""

    code = "user_is_staff"
