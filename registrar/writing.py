"""Writing enrollments of a few students at once, while the client waits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.service import CourseRun, Program
from program_enrollments import api
from program_enrollments.constants import WriteAction, WriteFailure
from registrar.constants import ResultText, sum_up
from registrar.exceptions import InvalidRequest
from registrar.programs import find_active_curriculum_uuid
from registrar.texts import is_storable


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A record of a request. `course_staff` None leaves the student's role as it is."""

    student_key: str
    status: str
    course_staff: bool | None = None


def write_program_enrollments(
    program: Program, action: WriteAction, records: Sequence[Enrollment], source: api.ChangeSource
) -> dict[str, str]:
    """Write into the active curriculum. Returns: {student key: status or a `WriteFailure`}, by student key.

    Raises: InvalidRequest: there is no active curriculum in which to create enrollments.
    """
    curriculum_uuid = find_active_curriculum_uuid(program)
    if curriculum_uuid is None and action is not WriteAction.UPDATE:
        raise InvalidRequest("The program has no active curriculum to enroll students in.")
    outcomes, wanted = _refuse_unstorable_texts(records)
    outcomes |= api.write_program_enrollments(
        program_uuid=program.uuid,
        action=action,
        records=[api.ProgramEnrollmentRecord(record.student_key, record.status, curriculum_uuid) for record in wanted],
        source=source,
    )
    return dict(sorted(outcomes.items()))


def write_course_enrollments(
    program: Program, run: CourseRun, action: WriteAction, records: Sequence[Enrollment], source: api.ChangeSource
) -> dict[str, str]:
    """Write into a course run. Returns: {student key: status or a `WriteFailure`}, by student key."""
    outcomes, wanted = _refuse_unstorable_texts(records)
    outcomes |= api.write_program_course_enrollments(
        program_uuid=program.uuid,
        course_key=run.key,
        action=action,
        records=[
            api.ProgramCourseEnrollmentRecord(record.student_key, record.status, record.course_staff)
            for record in wanted
        ],
        source=source,
    )
    return dict(sorted(outcomes.items()))


def sum_up_outcomes(outcomes: Mapping[str, str]) -> ResultText:
    """Return how the records of a request fared; of no record, as if they had all failed."""
    bad = sum(outcome in WriteFailure.values for outcome in outcomes.values())
    return sum_up(good=len(outcomes) - bad, bad=bad) if outcomes else ResultText.ALL_BAD


def _refuse_unstorable_texts(records: Sequence[Enrollment]) -> tuple[dict[str, str], list[Enrollment]]:
    """Return the outcomes of records whose texts no database takes, and the other records."""
    times_sent = Counter(record.student_key for record in records)
    outcomes: dict[str, str] = {}
    wanted = []
    for record in records:
        key = record.student_key
        if not key or not is_storable(key):
            failure = WriteFailure.DUPLICATED if times_sent[key] > 1 else WriteFailure.INTERNAL_ERROR
            outcomes[key] = failure.value
        else:
            wanted.append(record)
    return outcomes, wanted
