"""Words of Registrar's API (registrar page). All are published: a change breaks clients."""

from django.db import models


class ApiPermission(models.TextChoices):
    """What a caller may do in a program."""

    READ_METADATA = "read_metadata"
    READ_ENROLLMENTS = "read_enrollments"
    WRITE_ENROLLMENTS = "write_enrollments"
    READ_REPORTS = "read_reports"


class JobOperation(models.TextChoices):
    """What a job does, as its name says. Stored too."""

    LIST_PROGRAM_ENROLLMENTS = "list_program_enrollments"
    LIST_COURSE_RUN_ENROLLMENTS = "list_course_run_enrollments"
    LIST_ALL_COURSE_RUN_ENROLLMENTS = "list_all_course_run_enrollments"
    GET_COURSE_RUN_GRADES = "get_course_run_grades"
    WRITE_PROGRAM_ENROLLMENTS = "write_program_enrollments"
    WRITE_COURSE_RUN_ENROLLMENTS = "write_course_run_enrollments"


UPLOADS = (JobOperation.WRITE_PROGRAM_ENROLLMENTS, JobOperation.WRITE_COURSE_RUN_ENROLLMENTS)


class JobState(models.TextChoices):
    """Where a job stands. Stored too. Registrar also knows `Retrying`; no job of ours is ever in that state."""

    PENDING = "Pending"
    IN_PROGRESS = "In Progress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


RUNNING_STATES = (JobState.PENDING, JobState.IN_PROGRESS)


class ResultFormat(models.TextChoices):
    """In what form the result of a read is written. Stored too."""

    JSON = "json"
    CSV = "csv"


class ResultText(models.TextChoices):
    """How a job's records fared, in the words of HTTP. Stored too."""

    ALL_GOOD = "200"
    SOME_GOOD = "207"
    ALL_BAD = "422"
    NO_DATA = "204"


def sum_up(*, good: int, bad: int) -> ResultText:
    """Return how records fared, of which so many did well and badly."""
    if not bad:
        return ResultText.ALL_GOOD if good else ResultText.NO_DATA
    return ResultText.SOME_GOOD if good else ResultText.ALL_BAD


COURSE_NOT_FOUND = "course-not-found"
"""The one word of an upload's result that is no `WriteFailure`."""

MAX_UPLOAD_BYTES = 5 * 1024 * 1024
