"""Forgetting what learners are called, wherever else it is stored."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from catalog.service import get_catalog
from program_enrollments.api.idempotency import forget_answers_about
from program_enrollments.api.lookups import find_administering_organization_key, list_administered_program_uuids
from program_enrollments.models import ProgramEnrollment
from program_enrollments.signals import learners_forgotten


def forget_copies(places: Collection[tuple[UUID, str]], *, names: Collection[str] = ()) -> None:
    """Delete stored answers and, through `learners_forgotten`, all other copies of student keys.

    `places` are pairs of a program and a student key; the key is the learner's in all programs of the organization
    that administers the program. `names` are the account's, in all of these programs. Runs in the caller's transaction.
    """
    organizations = {
        program.uuid: find_administering_organization_key(program)
        for program in get_catalog().list_programs({program_uuid for program_uuid, _ in places})
    }
    keys_by_owner: dict[str | UUID, set[str]] = defaultdict(set)
    for program_uuid, student_key in places:
        # A program that the catalog does not know stands for itself.
        keys_by_owner[organizations.get(program_uuid) or program_uuid].add(student_key)
    for owner, student_keys in keys_by_owner.items():
        forget_answers_about(student_keys)
        learners_forgotten.send(
            sender=ProgramEnrollment,
            program_uuids={owner} if isinstance(owner, UUID) else set(list_administered_program_uuids(owner)),
            student_keys=student_keys,
            names=set(names),
        )


def forget_copies_of_unknown_keys(places: Collection[tuple[UUID, str]]) -> None:
    """Forget the copies of those student keys under which nobody is enrolled any more in these programs."""
    keys = {student_key for _, student_key in places}
    standing = set(
        ProgramEnrollment.objects.filter(external_user_key__in=keys).values_list("external_user_key", flat=True)
    )
    forget_copies([(program_uuid, key) for program_uuid, key in places if key not in standing])
