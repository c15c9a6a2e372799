"""Wiping one organization's enrollments and users in a test environment (contract section 5.4)."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from catalog.service import get_catalog
from learners.service import delete_users, list_user_ids_of_organization
from program_enrollments.api.deletion import delete_enrollments, delete_history_of_programs
from program_enrollments.api.locks import lock_out_other_writers
from program_enrollments.api.reading import list_course_staff
from program_enrollments.api.records import ChangeSource
from program_enrollments.api.statements import update_with_history
from program_enrollments.constants import STAFF_ROLE
from program_enrollments.exceptions import OrganizationDoesNotExist, ProgramDoesNotExist, ProgramOfAnotherOrganization
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResetCounts:
    """How many rows a reset deleted."""

    program_enrollments: int
    program_course_enrollments: int
    users: int


@transaction.atomic
def reset_enrollments(
    *, organization_key: str, program_uuids: Collection[UUID] | None, source: ChangeSource
) -> ResetCounts:
    """Delete an organization's enrollments, history included, and its users; never staff or superusers.

    `program_uuids` None means all programs that the organization authors, in any position. The users are those with an
    identity at any of its providers. Their enrollments in other programs stay and wait for a new account; one
    without a student key could never find it again, and is deleted.
    Raises: OrganizationDoesNotExist, ProgramDoesNotExist, ProgramOfAnotherOrganization: nothing was deleted.
    """
    chosen_uuids = _choose_programs(organization_key, program_uuids)
    # Whoever is enrolled or linked meanwhile would lose the account without a word in history.
    lock_out_other_writers()
    user_ids = list_user_ids_of_organization(organization_key)
    touched = list(
        ProgramEnrollment.objects.filter(Q(program_uuid__in=chosen_uuids) | Q(user_id__in=user_ids))
        .order_by("pk")
        .select_for_update()
    )
    lost = [row for row in touched if row.program_uuid in chosen_uuids or row.external_user_key is None]
    deleted = delete_enrollments([row.pk for row in lost])
    delete_history_of_programs(chosen_uuids)
    lost_ids = {row.pk for row in lost}
    _let_wait([row.pk for row in touched if row.pk not in lost_ids], source)
    counts = ResetCounts(deleted.program_enrollments, deleted.program_course_enrollments, delete_users(user_ids))
    logger.warning(
        "User %s reset organization %s: deleted %d program enrollments, %d program course enrollments, %d users.",
        source.user_id,
        organization_key,
        counts.program_enrollments,
        counts.program_course_enrollments,
        counts.users,
    )
    return counts


def _choose_programs(organization_key: str, program_uuids: Collection[UUID] | None) -> frozenset[UUID]:
    catalog = get_catalog()
    programs = catalog.list_programs_of_organization(organization_key)
    if programs is None:
        raise OrganizationDoesNotExist("There is no organization with this key.")
    own_uuids = frozenset(program.uuid for program in programs)
    if program_uuids is None:
        return own_uuids
    others = frozenset(program_uuids) - own_uuids
    if others:
        known_uuids = {program.uuid for program in catalog.list_programs(others)}
        unknown = sorted(str(uuid) for uuid in others - known_uuids)
        if unknown:
            raise ProgramDoesNotExist(f"There is no program {', '.join(unknown)}.")
        named = ", ".join(sorted(str(uuid) for uuid in others))
        raise ProgramOfAnotherOrganization(f"The organization does not author the program {named}.")
    return frozenset(program_uuids)


def _let_wait(enrollment_ids: Collection[int], source: ChangeSource) -> None:
    """Take enrollments from their accounts, which are to be deleted: they wait, and so do the accounts' staff roles."""
    places = ProgramCourseEnrollment.objects.filter(program_enrollment_id__in=enrollment_ids)
    row_ids = list(places.order_by("pk").values_list("pk", flat=True))
    CourseAccessRoleAssignment.objects.bulk_create(
        [CourseAccessRoleAssignment(enrollment_id=pk, role=STAFF_ROLE) for pk in sorted(list_course_staff(row_ids))],
        ignore_conflicts=True,
    )
    # By hand, since the account's deletion would empty these columns without a word in history.
    update_with_history(ProgramEnrollment, [{"id": pk, "user_id": None} for pk in enrollment_ids], source=source)
    update_with_history(
        ProgramCourseEnrollment, [{"id": pk, "course_enrollment_id": None} for pk in row_ids], source=source
    )
