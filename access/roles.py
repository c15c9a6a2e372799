"""Which programs a requester may read or change: the one place that knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from access.constants import Role, Scope
from access.credentials import Credentials
from access.models import RoleAssignment
from access.subjects import find_subject
from catalog.service import Program, get_catalog
from learners.service import User

Place = TypeVar("Place", str, UUID)

ANY_ROLE = frozenset(Role)
WRITER_ROLES = frozenset({Role.WRITER})


@dataclass(frozen=True, slots=True)
class ProgramAccess:
    """What a requester may do, as roles and the token's scopes together allow it.

    `is_unlimited`: staff, who may do everything in all programs. `roles_by_organization` and `roles_by_program`: the
    roles held on organizations, by key, and on programs, by uuid; of the requester and of the requester's groups.
    `scopes` None: not narrowed.
    """

    is_unlimited: bool
    roles_by_organization: dict[str, frozenset[Role]]
    roles_by_program: dict[UUID, frozenset[Role]]
    scopes: frozenset[str] | None

    def has_scope(self, scope: Scope) -> bool:
        """Tell whether the token is good for this."""
        return self.scopes is None or scope in self.scopes

    def holds_any_role(self) -> bool:
        """Tell whether there can be programs to which the requester has access, scopes aside."""
        return self.is_unlimited or bool(self.roles_by_organization) or bool(self.roles_by_program)

    def holds_writer_role(self) -> bool:
        """Tell whether there can be programs that the requester may change, scopes aside."""
        held = [*self.roles_by_organization.values(), *self.roles_by_program.values()]
        return self.is_unlimited or any(roles & WRITER_ROLES for roles in held)

    def may_read(self, program: Program, scope: Scope = Scope.ENROLLMENTS_READ) -> bool:
        """Tell whether the requester may see the program's enrollments, or what else the scope is about."""
        return self.has_scope(scope) and self._holds(ANY_ROLE, program)

    def may_write(self, program: Program, scope: Scope = Scope.ENROLLMENTS_WRITE) -> bool:
        """Tell whether the requester may change the program's enrollments, or what else the scope is about."""
        return self.has_scope(scope) and self._holds(WRITER_ROLES, program)

    def _holds(self, roles: frozenset[Role], program: Program) -> bool:
        if self.is_unlimited or roles & self.roles_by_program.get(program.uuid, frozenset()):
            return True
        return any(
            roles & self.roles_by_organization.get(organization.key, frozenset())
            for organization in program.authoring_organizations
        )


def get_program_access(user: User | AnonymousUser, credentials: Credentials | None = None) -> ProgramAccess:
    """Return what an account may do with what it sent.

    One query where that does not tell the roles; none for staff and the anonymous.

    `credentials` None: a session, or any other way of signing in that does not narrow.
    """
    return _get_access(user, is_unlimited=user.is_staff, credentials=credentials or Credentials())


def get_role_access(user: User | AnonymousUser) -> ProgramAccess:
    """Return what an account may do by its roles alone, for the pages of the admin, where all are staff.

    Superusers may do everything. One query, none for superusers and the anonymous.
    """
    return _get_access(user, is_unlimited=user.is_superuser, credentials=Credentials())


def _get_access(user: User | AnonymousUser, *, is_unlimited: bool, credentials: Credentials) -> ProgramAccess:
    scopes = credentials.scopes
    if not user.is_authenticated or not user.is_active:
        return ProgramAccess(is_unlimited=False, roles_by_organization={}, roles_by_program={}, scopes=scopes)
    roles = () if is_unlimited else credentials.roles
    if roles is None:
        subject = find_subject(user.pk)
        roles = subject.roles if subject else ()
    return ProgramAccess(
        is_unlimited=is_unlimited,
        roles_by_organization=_collect((held.organization_key, held.role) for held in roles),
        roles_by_program=_collect((held.program_uuid, held.role) for held in roles),
        scopes=scopes,
    )


def list_assignments_of(user: User) -> "QuerySet[RoleAssignment]":
    """Return the assignments to the user and to the user's groups, with the groups."""
    held = RoleAssignment.objects.filter(Q(user=user) | Q(group__in=user.groups.all()))
    return held.select_related("group").order_by("id")


def list_assignments_on(program: Program) -> "QuerySet[RoleAssignment]":
    """Return the assignments on the program and on its authoring organizations, with their holders."""
    keys = [organization.key for organization in program.authoring_organizations]
    held = RoleAssignment.objects.filter(Q(program_uuid=program.uuid) | Q(organization_key__in=keys))
    return held.select_related("user", "group").order_by("id")


def list_programs_in_reach(access: ProgramAccess) -> list[Program]:
    """Return the programs on which the roles are held, each once; none for staff, who need no role.

    A fixed number of queries, however many roles there are.
    """
    catalog = get_catalog()
    programs = catalog.list_programs(access.roles_by_program.keys())
    programs += catalog.list_programs_of_organizations(access.roles_by_organization.keys())
    return list({program.uuid: program for program in programs}.values())


def _collect(held: Iterable[tuple[Place | None, str]]) -> dict[Place, frozenset[Role]]:
    roles: dict[Place, frozenset[Role]] = {}
    for place, role in held:
        if place is not None:
            roles[place] = roles.get(place, frozenset()) | {Role(role)}
    return roles
