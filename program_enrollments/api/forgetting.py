"""Forgetting what learners are called, wherever else it is stored."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, cast
from uuid import UUID

from django.db.models import Q

from catalog.service import get_catalog
from learners.service import forget_unfinished_sign_ins
from program_enrollments.api.idempotency import forget_answers_about
from program_enrollments.api.lookups import find_administering_organization_key, list_administered_program_uuids
from program_enrollments.constants import OWN_REASON
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from program_enrollments.signals import learners_forgotten

Place = tuple[UUID, str]
"""A program and a student key; the key is the learner's in all programs of the organization that administers it."""


IS_TYPED = Q(history_change_reason__gt="") & ~Q(history_change_reason__regex=OWN_REASON)
"""Entries of history with a reason that a person typed."""

CHOSEN_TEXTS = {"history_change_reason": IS_TYPED, "request_id": Q(request_id__gt="")}
"""{column of history: where its text was chosen by a person or client}."""


def list_texts_in_history(enrollment_ids: Collection[int]) -> dict[str, set[str]]:
    """Return {column: texts that people or clients chose}, of all history of these program enrollments."""
    texts = {}
    for column, is_chosen in CHOSEN_TEXTS.items():
        of_programs = ProgramEnrollment.history.filter(is_chosen, id__in=enrollment_ids)
        of_runs = ProgramCourseEnrollment.history.filter(is_chosen, program_enrollment_id__in=enrollment_ids)
        queries = [entries.order_by().values_list(column, flat=True) for entries in (of_programs, of_runs)]
        texts[column] = set(queries[0].union(queries[1]))
    return texts


def forget_texts_in_history(texts: Mapping[str, Collection[str]], words: Collection[str]) -> None:
    """Take those of the texts (by column) that hold a word out of the history of all learners for whom they were given.

    No index helps to find them: this is to be rare.
    """
    folded = [word.lower() for word in words]
    for column, some in texts.items():
        naming = {text for text in some if any(word in text.lower() for word in folded)}
        if naming:
            for model in (ProgramEnrollment, ProgramCourseEnrollment):
                model.history.filter(**{f"{column}__in": naming}).update(**{column: ""})


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


def forget_copies_of_unknown_keys(
    places: Collection[Place], texts_in_history: Mapping[str, Collection[str]]
) -> dict[str, set[Place]]:
    """Forget the copies of those student keys under which nobody is enrolled any more in these programs.

    `texts_in_history` is what `list_texts_in_history` told of their learners.
    Returns what `forget_copies` does.
    """
    keys = {student_key for _, student_key in places}
    standing = set(
        ProgramEnrollment.objects.filter(external_user_key__in=keys).values_list("external_user_key", flat=True)
    )
    forget_texts_in_history(texts_in_history, keys - standing)
    return forget_copies([(program_uuid, key) for program_uuid, key in places if key not in standing])
