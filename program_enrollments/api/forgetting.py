"""Forgetting what learners are called, wherever else it is stored."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from catalog.service import get_catalog
from learners.service import forget_unfinished_sign_ins
from program_enrollments.api.idempotency import forget_answers_about
from program_enrollments.api.lookups import find_administering_organization_key, list_administered_program_uuids
from program_enrollments.models import ProgramEnrollment
from program_enrollments.signals import learners_forgotten

Place = tuple[UUID, str]
"""A program and a student key; the key is the learner's in all programs of the organization that administers it."""


def forget_copies(
    places: Collection[tuple[UUID, str | None]], *, names: Collection[str] = (), is_urgent: bool = False
) -> dict[str, set[Place]]:
    """Delete stored answers, unfinished sign-ins and, through `learners_forgotten`, all other copies of student keys.

    `names` are the account's, in all of these programs, those with None for a key included. Without `is_urgent`, what
    waits for a person's decision is left alone. Runs in the caller's transaction, and takes locks that come after all
    locks of enrollments.
    Returns: {what was left alone, since it is not finished: the places that it names, or may}.
    """
    organizations = {
        program.uuid: find_administering_organization_key(program)
        for program in get_catalog().list_programs({program_uuid for program_uuid, _ in places})
    }
    places_by_owner: dict[str | UUID, set[tuple[UUID, str | None]]] = defaultdict(set)
    for program_uuid, student_key in places:
        # A program that the catalog does not know stands for itself.
        places_by_owner[organizations.get(program_uuid) or program_uuid].add((program_uuid, student_key))
    unfinished: dict[str, set[Place]] = defaultdict(set)
    for owner, places_there in places_by_owner.items():
        student_keys = {student_key for _, student_key in places_there if student_key is not None}
        forget_answers_about(student_keys)
        forget_unfinished_sign_ins(student_keys)
        answers = learners_forgotten.send(
            sender=ProgramEnrollment,
            program_uuids={owner} if isinstance(owner, UUID) else set(list_administered_program_uuids(owner)),
            student_keys=student_keys,
            names=set(names),
            is_urgent=is_urgent,
        )
        for _, left_alone in cast(list[tuple[Any, dict[str, set[str]]]], answers):
            for called, keys in left_alone.items():
                unfinished[called] |= {(program_uuid, key) for program_uuid, key in places_there if key and key in keys}
    return unfinished


def forget_copies_of_unknown_keys(places: Collection[Place]) -> dict[str, set[Place]]:
    """Forget the copies of those student keys under which nobody is enrolled any more in these programs.

    Returns what `forget_copies` does.
    """
    keys = {student_key for _, student_key in places}
    standing = set(
        ProgramEnrollment.objects.filter(external_user_key__in=keys).values_list("external_user_key", flat=True)
    )
    return forget_copies([(program_uuid, key) for program_uuid, key in places if key not in standing])
