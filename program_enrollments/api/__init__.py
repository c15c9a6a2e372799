"""The Python API of program enrollments (contract section 8): all that views, admin, tasks and commands may call."""

from program_enrollments.api.changing import (
    StatusChanges,
    change_program_course_enrollment_status,
    change_program_course_enrollment_statuses,
    change_program_enrollment_status,
    change_program_enrollment_statuses,
    drop_program_course_enrollments,
    drop_program_enrollments,
)
from program_enrollments.api.deciding import CourseDecision, decide_course_enrollments, decide_program_rows
from program_enrollments.api.deletion import (
    DeletedCounts,
    delete_history_of_programs,
    iter_deletions,
    list_enrollments_of_programs,
    list_waiting_since,
)
from program_enrollments.api.enrolling import (
    create_program_course_enrollment,
    create_program_enrollment,
    enroll_in_masters_track,
)
from program_enrollments.api.grades import ProgramCourseGrade, iter_program_course_grades
from program_enrollments.api.idempotency import FinalAnswer, WriteOnce, answer_once, prune_idempotency_keys
from program_enrollments.api.linking import (
    link_program_enrollment_to_user,
    link_program_enrollments,
    link_waiting_enrollments,
    unlink_program_enrollment,
)
from program_enrollments.api.lms_import import LmsImportReport, import_from_lms
from program_enrollments.api.locks import lock_out_other_writers
from program_enrollments.api.lookups import get_program, get_run_placement, parse_course_key
from program_enrollments.api.nudging import Nudge, list_nudges, send_nudge
from program_enrollments.api.overviews import (
    OWN_ONLY,
    CourseRunOverview,
    get_learner_for_others,
    list_course_run_overviews,
    list_overview_enrollments,
)
from program_enrollments.api.pages import (
    IdBounds,
    ProgramCourseEnrollmentRow,
    ProgramEnrollmentRow,
    list_program_course_enrollment_page,
    list_program_enrollment_page,
    load_program_course_enrollments,
)
from program_enrollments.api.programs import list_readable_programs
from program_enrollments.api.reading import (
    annotate_course_staff,
    fetch_program_course_enrollments,
    fetch_program_course_enrollments_by_students,
    fetch_program_enrollments,
    fetch_program_enrollments_by_student,
    get_external_key_by_user_and_course,
    get_program_course_enrollment,
    get_program_enrollment,
    get_users_by_external_keys,
    list_course_staff,
    map_accounts_in_run,
)
from program_enrollments.api.records import (
    SYSTEM,
    AccountInRun,
    ChangeSource,
    LmsCourseEnrollment,
    LmsProgramEnrollment,
    LmsRefusal,
    ProgramCourseEnrollmentRecord,
    ProgramEnrollmentRecord,
)
from program_enrollments.api.resetting import ResetCounts, reset_enrollments
from program_enrollments.api.restoring import Restoration, restore_course_enrollments, restore_program_enrollments
from program_enrollments.api.retirement import retire_user
from program_enrollments.api.statements import Claim, Query, RowAnswer, RowName, as_array, copy_into
from program_enrollments.api.writing import (
    carry_out_program_course_enrollments,
    carry_out_program_rows,
    lock_for_several_writes,
    write_enrollments_in_program,
    write_enrollments_in_run,
    write_program_course_enrollments,
    write_program_enrollments,
)

__all__ = [
    "OWN_ONLY",
    "SYSTEM",
    "AccountInRun",
    "ChangeSource",
    "Claim",
    "CourseDecision",
    "CourseRunOverview",
    "DeletedCounts",
    "FinalAnswer",
    "IdBounds",
    "LmsCourseEnrollment",
    "LmsImportReport",
    "LmsProgramEnrollment",
    "LmsRefusal",
    "Nudge",
    "ProgramCourseEnrollmentRecord",
    "ProgramCourseEnrollmentRow",
    "ProgramCourseGrade",
    "ProgramEnrollmentRecord",
    "ProgramEnrollmentRow",
    "Query",
    "ResetCounts",
    "Restoration",
    "RowAnswer",
    "RowName",
    "StatusChanges",
    "WriteOnce",
    "annotate_course_staff",
    "answer_once",
    "as_array",
    "carry_out_program_course_enrollments",
    "carry_out_program_rows",
    "change_program_course_enrollment_status",
    "change_program_course_enrollment_statuses",
    "change_program_enrollment_status",
    "change_program_enrollment_statuses",
    "copy_into",
    "create_program_course_enrollment",
    "create_program_enrollment",
    "decide_course_enrollments",
    "decide_program_rows",
    "delete_history_of_programs",
    "drop_program_course_enrollments",
    "drop_program_enrollments",
    "enroll_in_masters_track",
    "fetch_program_course_enrollments",
    "fetch_program_course_enrollments_by_students",
    "fetch_program_enrollments",
    "fetch_program_enrollments_by_student",
    "get_external_key_by_user_and_course",
    "get_learner_for_others",
    "get_program",
    "get_program_course_enrollment",
    "get_program_enrollment",
    "get_run_placement",
    "get_users_by_external_keys",
    "import_from_lms",
    "iter_deletions",
    "iter_program_course_grades",
    "link_program_enrollment_to_user",
    "link_program_enrollments",
    "link_waiting_enrollments",
    "list_course_run_overviews",
    "list_course_staff",
    "list_enrollments_of_programs",
    "list_nudges",
    "list_overview_enrollments",
    "list_program_course_enrollment_page",
    "list_program_enrollment_page",
    "list_readable_programs",
    "list_waiting_since",
    "load_program_course_enrollments",
    "lock_for_several_writes",
    "lock_out_other_writers",
    "map_accounts_in_run",
    "parse_course_key",
    "prune_idempotency_keys",
    "reset_enrollments",
    "restore_course_enrollments",
    "restore_program_enrollments",
    "retire_user",
    "send_nudge",
    "unlink_program_enrollment",
    "write_enrollments_in_program",
    "write_enrollments_in_run",
    "write_program_course_enrollments",
    "write_program_enrollments",
]
