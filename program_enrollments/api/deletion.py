"""Deleting enrollments without a trace (contract sections 5.4 and 7)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from program_enrollments.api.forgetting import Place, forget_copies_of_unknown_keys, list_texts_in_history
from program_enrollments.api.locks import join_writers
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment

CHUNK_SIZE = 1000


@dataclass(frozen=True, slots=True)
class DeletedCounts:
    """How many rows were deleted, history not counted."""

    program_enrollments: int = 0
    program_course_enrollments: int = 0
    spared: int = 0
    """Program enrollments that were left, since work that is not finished names their learners."""

    def __add__(self, other: "DeletedCounts") -> "DeletedCounts":
        return DeletedCounts(
            self.program_enrollments + other.program_enrollments,
            self.program_course_enrollments + other.program_course_enrollments,
            self.spared + other.spared,
        )


def list_waiting_since(moment: datetime) -> QuerySet[ProgramEnrollment]:
    """Return the enrollments without an account that were last modified at the moment or before."""
    return ProgramEnrollment.objects.filter(user__isnull=True, modified__lte=moment)


def list_enrollments_of_programs(program_uuids: Collection[UUID]) -> QuerySet[ProgramEnrollment]:
    """Return all enrollments in the programs, which need not be in the catalog any more."""
    return ProgramEnrollment.objects.filter(program_uuid__in=program_uuids)


def iter_deletions(
    enrollments: QuerySet[ProgramEnrollment], *, chunk_size: int = CHUNK_SIZE, spares_named: bool = False
) -> Iterator[DeletedCounts]:
    """Delete the program enrollments with what is beneath them and all history, some at a time.

    Student keys under which nobody is left are forgotten wherever they are stored, but for work that is not finished.
    `spares_named`: learners whom such work names, or may, are left; otherwise it alone keeps their keys.

    Yields after each chunk, which is committed by then: stopping in between keeps what was done.
    """
    last_id = 0
    while True:
        with transaction.atomic():
            join_writers()
            # A row that gets its account while we wait for its lock no longer matches, and stays.
            chunk = enrollments.filter(pk__gt=last_id).order_by("pk").select_for_update()[:chunk_size]
            ids = [enrollment.pk for enrollment in chunk.only("pk")]
            if not ids:
                return
            history = ProgramEnrollment.history.filter(id__in=ids, external_user_key__isnull=False)
            places = set(history.order_by().values_list("id", "program_uuid", "external_user_key"))
            counts = _forget_enrollments(ids, places, spares_named=spares_named)
        last_id = ids[-1]
        yield counts


def _forget_enrollments(
    enrollment_ids: Collection[int], places: Collection[tuple[int, UUID, str]], *, spares_named: bool
) -> DeletedCounts:
    """Delete enrollments; `places` has (id, program uuid, student key) for all keys that history knows."""
    spared: set[int] = set()
    while True:
        left = [pk for pk in enrollment_ids if pk not in spared]
        # Whom unfinished work names is known for sure only under locks that come after those of enrollments, so that
        # this tries to delete all, and comes back if that was too many.
        with transaction.atomic():
            texts_in_history = list_texts_in_history(left)
            counts = delete_enrollments(left)
            forgotten = {(uuid, key) for pk, uuid, key in places if pk not in spared}
            unfinished = forget_copies_of_unknown_keys(forgotten, texts_in_history)
            named = set[Place]().union(*unfinished.values()) if spares_named else set()
            transaction.set_rollback(bool(named))
        if not named:
            return replace(counts, spared=len(spared))
        spared |= {pk for pk, uuid, key in places if (uuid, key) in named}


def delete_history_of_programs(program_uuids: Collection[UUID]) -> None:
    """Delete what history still tells of enrollments that were in the programs, those deleted long ago included.

    That of enrollments which stand is kept: somebody may have made them since the others were deleted.
    """
    # Rows and their history are committed together, so that one statement sees both or neither.
    stands = Exists(ProgramEnrollment.objects.filter(pk=OuterRef("id")))
    history = ProgramEnrollment.history.filter(~stands, program_uuid__in=program_uuids)
    ProgramCourseEnrollment.history.filter(program_enrollment_id__in=history.values("id")).delete()
    history.delete()


def delete_enrollments(enrollment_ids: Collection[int]) -> DeletedCounts:
    """Delete program enrollments with what is beneath them and all history.

    Runs in the caller's transaction, which holds the locks of the rows. Course enrollments of accounts stay.
    """
    if not enrollment_ids:
        return DeletedCounts()
    course_enrollments = ProgramCourseEnrollment.objects.filter(program_enrollment_id__in=enrollment_ids)
    CourseAccessRoleAssignment.objects.filter(enrollment__program_enrollment_id__in=enrollment_ids).delete()
    # delete() would load each row, and write a history entry for it.
    course_count = course_enrollments._raw_delete(course_enrollments.db)
    enrollments = ProgramEnrollment.objects.filter(pk__in=enrollment_ids)
    count = enrollments._raw_delete(enrollments.db)
    ProgramCourseEnrollment.history.filter(program_enrollment_id__in=enrollment_ids).delete()
    ProgramEnrollment.history.filter(id__in=enrollment_ids).delete()
    return DeletedCounts(program_enrollments=count, program_course_enrollments=course_count)
