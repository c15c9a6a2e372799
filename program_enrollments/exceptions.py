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


class LearnerDoesNotExist(ProgramEnrollmentsError):
    """There is no account with this username, and whoever asks may know it."""

    code = "not_found"


class OverviewForbidden(ProgramEnrollmentsError):
    """The account may not see this learner's course runs in the program, or nobody may."""

    code = "permission_denied"


class LearnerStillNamed(ProgramEnrollmentsError):
    """Work that is not finished names the learner, or may; the text says which."""

    code = "learner_still_named"


class UnknownCurriculum(ProgramEnrollmentsError):
    """Records name curricula that the catalog does not have, and the site requires known ones (contract section 4.1).

    `field_errors` has one entry for each such record: its index in the request, and the field at fault.
    """

    code = "unknown_curriculum"

    def __init__(self, record_indexes: list[int]) -> None:
        count = len(record_indexes)
        records = "1 record names" if count == 1 else f"{count} records name"
        super().__init__(f"{records} a curriculum that is not in the program.")
        self.field_errors = [
            {"index": index, "fields": {"curriculum_uuid": ["No such curriculum in this program."]}}
            for index in record_indexes
        ]


class EnrollmentConflict(ProgramEnrollmentsError):
    """The learner already holds what was to be created, or may not hold it twice."""

    code = "enrollment_conflict"


class LearnerNotLinked(ProgramEnrollmentsError):
    """An account could not be linked to an enrollment; the text says why."""

    code = "learner_not_linked"


class IdempotencyKeyInUse(ProgramEnrollmentsError):
    """The first request with this key is still running."""

    code = "idempotency_key_in_use"

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is still running.")


class IdempotencyKeyReused(ProgramEnrollmentsError):
    """The key belongs to another request of the same requester."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")
