"""Why somebody may do something, in words for the admin."""

from collections.abc import Iterator
from uuid import UUID

from access.constants import Role
from access.models import Application, RoleAssignment
from access.roles import get_program_access, list_assignments_of, list_assignments_on, list_programs_in_reach
from catalog.service import Program, get_catalog
from learners.service import User, find_user, list_staff

MAY = {Role.READER: "read", Role.WRITER: "read and write"}
NO_ROLE = "-"

Row = tuple[str, str, str]


def explain_user(username: str) -> list[Row] | None:
    """Return (program, what the account may do there, why) for each program and role; None without such an account."""
    user = find_user(username)
    if user is None:
        return None
    if not user.is_active:
        return [("All programs", NO_ROLE, "The account is not active.")]
    if user.is_staff:
        return [("All programs", MAY[Role.WRITER], "A member of staff.")]
    application = _find_application(user)
    if application and application.revoked_at:
        return [("All programs", NO_ROLE, "Its application is revoked.")]
    assignments = list(list_assignments_of(user))
    programs = list_programs_in_reach(get_program_access(user))
    return [
        (_name(program), MAY[Role(assignment.role)], _explain(assignment, application))
        for program in programs
        for assignment in assignments
        if _covers(assignment, program)
    ]


def explain_program(program_uuid: UUID) -> list[Row] | None:
    """Return (who, what they may do in the program, why); None without such a program.

    Inactive accounts and revoked applications are left out.
    """
    program = get_catalog().find_program(program_uuid)
    if program is None:
        return None
    assignments = list_assignments_on(program).prefetch_related(
        "user__access_application", "group__user_set__access_application"
    )
    rows = []
    for assignment in assignments:
        for user in _iter_holders(assignment):
            application = _find_application(user)
            is_revoked = application is not None and application.revoked_at is not None
            if user.is_active and not user.is_staff and not is_revoked:
                rows.append((user.get_username(), MAY[Role(assignment.role)], _explain(assignment, application)))
    return rows + [(user.get_username(), MAY[Role.WRITER], "A member of staff.") for user in list_staff()]


def _iter_holders(assignment: RoleAssignment) -> Iterator[User]:
    if assignment.group is not None:
        yield from assignment.group.user_set.all()
    elif assignment.user is not None:
        yield assignment.user


def _find_application(user: User) -> Application | None:
    """Return the application whose service account this is."""
    return next(iter(user.access_application.all()), None)


def _covers(assignment: RoleAssignment, program: Program) -> bool:
    keys = {organization.key for organization in program.authoring_organizations}
    return assignment.program_uuid == program.uuid or assignment.organization_key in keys


def _explain(assignment: RoleAssignment, application: Application | None) -> str:
    holder = f"the group {assignment.group}" if assignment.group else "the account itself"
    scopes = f" Its tokens are good for {', '.join(application.allowed_scopes)} only." if application else ""
    return f"{Role(assignment.role).name.capitalize()} on {assignment.place}, held by {holder}.{scopes}"


def _name(program: Program) -> str:
    return f"{program.title} ({program.uuid})"
