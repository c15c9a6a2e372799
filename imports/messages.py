"""What a clerk is told about a rejected row: a sentence that says what is wrong, and a hint that says what to do."""

from typing import NamedTuple

from program_enrollments.constants import WriteFailure


class Fault(NamedTuple):
    """Why a row is rejected; `code` is stable."""

    code: str
    column: str
    message: str
    hint: str


FAULTS = {
    fault.code: fault
    for fault in (
        Fault(
            WriteFailure.DUPLICATED.value,
            "student_key",
            "The file has several rows for this learner, with different values.",
            "Keep the row that is right, and remove the others.",
        ),
        Fault(
            WriteFailure.INVALID_STATUS.value,
            "status",
            "The status is not one of those that can be set.",
            "Program enrollments can be enrolled, pending, suspended, canceled or ended; course enrollments can be "
            "active or inactive.",
        ),
        Fault(
            WriteFailure.CONFLICT.value,
            "student_key",
            "The learner holds this enrollment already, or is active in the course run through another program.",
            "Use the action upsert to change it, or end the other enrollment first.",
        ),
        Fault(
            WriteFailure.NOT_IN_PROGRAM.value,
            "student_key",
            "The learner is not enrolled in the program.",
            "Enroll the learner in the program first.",
        ),
        Fault(
            WriteFailure.NOT_FOUND.value,
            "student_key",
            "The learner has no enrollment in the course run that could be updated.",
            "Use the action upsert to create it.",
        ),
        Fault(
            WriteFailure.INTERNAL_ERROR.value,
            "",
            "The row could not be stored because of a fault in the service.",
            "Upload the row again; if it fails again, tell the operator the id of this import.",
        ),
        Fault(
            "no_curriculum",
            "curriculum_uuid",
            "The row names no curriculum, and the program has no active one to fall back on.",
            "Fill in the curriculum_uuid.",
        ),
        Fault(
            "unknown_curriculum",
            "curriculum_uuid",
            "The program has no such curriculum.",
            "Take the curriculum's uuid from the catalog, or leave the column empty for the active one.",
        ),
        Fault(
            "course_not_in_program",
            "course_id",
            "The program has no course run with this key or external key.",
            "Take the key from the catalog; upper and lower case differ.",
        ),
        Fault(
            "changed_since",
            "",
            "The enrollment was changed after the import, so it is left as it is.",
            "Change it by hand if it should be different.",
        ),
    )
}
"""{code: fault} of all faults that planning and applying find; the reader of files has its own."""
