"""Taking over the enrollments of an Open edX LMS."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from django.conf import settings
from django.db import transaction
from opaque_keys.edx.keys import CourseKey

from catalog.service import Program, get_catalog
from learners.service import enroll_in_course_runs, find_user_ids_by_student_keys, find_users_by_username
from program_enrollments.api import lms_staging as staging
from program_enrollments.api.locks import lock_out_other_writers
from program_enrollments.api.lookups import find_administering_organization_key
from program_enrollments.api.records import ChangeSource, LmsCourseEnrollment, LmsProgramEnrollment, LmsRefusal
from program_enrollments.constants import LmsRowOutcome, LmsTable
from program_enrollments.exceptions import EnrollmentConflict

WRITTEN = (LmsRowOutcome.ADDED, LmsRowOutcome.CHANGED)


@dataclass(frozen=True, slots=True)
class LmsImportReport:
    """What became of the rows of an LMS, or would have: {outcome: rows}, of the outcomes that occur.

    `accounts_found`: how many accounts of the LMS were found here by username. `unknown_course_keys`: course runs of
    added rows that the catalog does not have.
    """

    program_enrollments: Mapping[str, int]
    course_enrollments: Mapping[str, int]
    accounts_found: int
    unknown_course_keys: tuple[str, ...]
    is_written: bool

    @property
    def refused(self) -> int:
        """How many rows were refused."""
        counts = (self.program_enrollments, self.course_enrollments)
        return sum(count.get(LmsRowOutcome.REFUSED, 0) for count in counts)


@transaction.atomic
def import_from_lms(
    *,
    program_rows: Iterable[LmsProgramEnrollment | LmsRefusal],
    course_rows: Iterable[LmsCourseEnrollment | LmsRefusal],
    username_chunks: Iterable[Mapping[int, str]],
    tell_refusal: Callable[[LmsTable, int, str], None],
    skip_refused: bool,
    is_dry_run: bool,
    source: ChangeSource,
) -> LmsImportReport:
    """Make our enrollments hold what an LMS's do, all or nothing; memory does not grow with the rows.

    A row that is not here is added, with its times. One that is here with another status is changed if its own
    `modified` is later. Its learner is the account with its student key as an identity, or the account here whose
    username the LMS's account has (`username_chunks`: {LMS id: username} in parts); else it waits, and so does one
    that waits here already. Accounts enter course runs as by any other write.

    `tell_refusal` is called with (table, line, reason) for each row that cannot be taken over. If there is one, nothing
    is written, unless `skip_refused`; in a dry run nothing is written either way.
    Raises: EnrollmentConflict: nothing was written.
    """
    staging.create_tables()
    accounts_found = sum(_stage_accounts(usernames) for usernames in username_chunks)
    staging.stage_program_enrollments(program_rows)
    staging.stage_course_enrollments(course_rows)
    staging.index_tables()
    lock_out_other_writers()
    _refuse_unknown_places()
    staging.decide_program_rows()
    staging.decide_course_rows()
    for table in LmsTable:
        for line, reason in staging.iter_refusals(table):
            tell_refusal(table, line, reason)
    program_counts = staging.count_outcomes(LmsTable.PROGRAM_ENROLLMENTS)
    course_counts = staging.count_outcomes(LmsTable.COURSE_ENROLLMENTS)
    is_refused = LmsRowOutcome.REFUSED in program_counts or LmsRowOutcome.REFUSED in course_counts
    is_written = not is_dry_run and (skip_refused or not is_refused)
    report = LmsImportReport(
        program_counts, course_counts, accounts_found, _list_unknown_course_keys(), is_written=is_written
    )
    if is_written:
        _write(report, source)
    return report


def _stage_accounts(usernames_by_lms_id: Mapping[int, str]) -> int:
    users = find_users_by_username(usernames_by_lms_id.values())
    found = {lms_id: users[name].pk for lms_id, name in usernames_by_lms_id.items() if name in users}
    staging.stage_accounts(found)
    return len(found)


def _refuse_unknown_places() -> None:
    """Refuse rows of unknown programs and, where they must be known, curricula; find the learners of the others."""
    places = staging.list_places()
    program_uuids = {program_uuid for program_uuid, _ in places}
    catalog = get_catalog()
    programs = catalog.list_programs(program_uuids)
    unknown = program_uuids - {program.uuid for program in programs}
    staging.refuse_places([(program_uuid, None) for program_uuid in unknown], "The catalog has no such program.")
    if settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM:
        known = catalog.list_curriculum_uuids(program_uuids)
        astray = [(program_uuid, uuid) for program_uuid, uuid in places if uuid not in known[program_uuid]]
        staging.refuse_places(astray, "Its program has no such curriculum.")
    _stage_schools(programs)
    staging.take_over_accounts()
    _take_over_identities(programs)


def _stage_schools(programs: Collection[Program]) -> None:
    """Tell which programs, here too, know a learner of these programs by the same student key."""
    organization_keys = {key for program in programs if (key := find_administering_organization_key(program))}
    authored = get_catalog().list_programs_of_organizations(organization_keys)
    staging.stage_schools(
        {program.uuid: find_administering_organization_key(program) for program in (*programs, *authored)}
    )


def _take_over_identities(programs: Collection[Program]) -> None:
    def organization_of(program: Program) -> str:
        return find_administering_organization_key(program) or ""

    for organization_key, administered in groupby(sorted(programs, key=organization_of), key=organization_of):
        uuids = [program.uuid for program in administered]
        for student_keys in staging.iter_student_keys(uuids):
            found = find_user_ids_by_student_keys(organization_key=organization_key, student_keys=student_keys)
            if found:
                staging.take_over_identities(uuids, found)


def _list_unknown_course_keys() -> tuple[str, ...]:
    keys = {key: CourseKey.from_string(key) for key in staging.list_added_course_keys()}
    known = {run.key for run in get_catalog().list_course_runs(keys.values())}
    return tuple(text for text, key in keys.items() if key not in known)


def _write(report: LmsImportReport, source: ChangeSource) -> None:
    def count_wanted(counts: Mapping[str, int]) -> int:
        return sum(counts.get(outcome, 0) for outcome in WRITTEN)

    is_whole = staging.write_program_rows(source) == count_wanted(report.program_enrollments)
    for places in staging.iter_account_places():
        is_active_by_place = {(user_id, CourseKey.from_string(key)): is_active for user_id, key, is_active in places}
        ids = enroll_in_course_runs(is_active_by_place)
        staging.stage_account_places({(user_id, str(key)): pk for (user_id, key), pk in ids.items()})
    is_whole = staging.write_course_rows(source) == count_wanted(report.course_enrollments) and is_whole
    if not is_whole:
        raise EnrollmentConflict("Other writes came in between; nothing was written. Run it again.")
