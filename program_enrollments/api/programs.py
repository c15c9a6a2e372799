"""Which programs an account may read (contract section 5.2)."""

from access.service import ProgramAccess
from catalog.service import Program, get_catalog
from learners.constants import CourseRole
from learners.service import User, list_course_keys_with_role
from program_enrollments.constants import ACTIVE_PROGRAM_STATUSES
from program_enrollments.models import ProgramEnrollment

COURSE_TEAM_ROLES = (CourseRole.STAFF, CourseRole.INSTRUCTOR)


def list_readable_programs(*, user: User, access: ProgramAccess, program_type: str) -> list[Program]:
    """Return the programs that the account may read, each once.

    Staff: all of the type (by name or slug, in any case). Others: those of the type on which they hold a role or that
    contain a run on whose team they are, then those of any type in which they have an active program enrollment.
    """
    catalog = get_catalog()
    of_type = catalog.list_programs_of_type(program_type)
    allowed = [program for program in of_type if access.may_read(program)]
    if access.is_unlimited:
        return allowed
    taught_keys = list_course_keys_with_role(user_id=user.pk, roles=COURSE_TEAM_ROLES)
    taught_uuids = {program.uuid for program in catalog.list_programs_with_course_runs(taught_keys)}
    enrolled_uuids = ProgramEnrollment.objects.filter(user=user, status__in=ACTIVE_PROGRAM_STATUSES).values_list(
        "program_uuid", flat=True
    )
    allowed_uuids = taught_uuids | {program.uuid for program in allowed}
    readable = [program for program in of_type if program.uuid in allowed_uuids]
    readable += catalog.list_programs(set(enrolled_uuids))
    return list({program.uuid: program for program in readable}.values())
