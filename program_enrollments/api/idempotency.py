"""Writes that may be sent again: the same key gets the same answer, and nothing is written twice.

The answer is stored in the transaction of its write, so that both stand or neither. While that transaction runs, it
holds an advisory lock on the key, which ends with it, however it ends: no trace of a write that was cut off stays.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from program_enrollments.api.locks import try_lock_idempotency_key
from program_enrollments.exceptions import IdempotencyKeyInUse, IdempotencyKeyReused
from program_enrollments.models import IdempotencyKey


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """What a write was answered: the number of its status, and its body as JSON."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class WriteOnce:
    """A write under a key. `requester` says whose key it is; `digest` tells one request from another."""

    requester: str
    key: str
    digest: str


def answer_once(write: WriteOnce, carry_out: Callable[[], FinalAnswer]) -> tuple[FinalAnswer, bool]:
    """Carry a write out and store its answer, or return the answer that was stored when it came before.

    What `carry_out` raises is not final: it undoes the write, and the key is free again. Costs three statements,
    whatever the write.
    Returns: the answer, and whether it is a stored one.
    Raises: IdempotencyKeyInUse: the first write is still running. IdempotencyKeyReused: the key was used for another.
    """
    with transaction.atomic():
        if not try_lock_idempotency_key(write.requester, write.key):
            raise IdempotencyKeyInUse
        # In a statement of its own: the lock's would not see what the last holder has just committed.
        stored = IdempotencyKey.objects.filter(
            requester=write.requester, key=write.key, created__gt=get_oldest_valid_time()
        ).first()
        if stored is None:
            answer = carry_out()
            _store(write, answer)
            return answer, False
    if stored.digest != write.digest:
        raise IdempotencyKeyReused
    return FinalAnswer(stored.status, stored.body), True


def get_oldest_valid_time() -> datetime:
    """Return since when keys are remembered."""
    return timezone.now() - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS)


def prune_idempotency_keys() -> int:
    """Delete the keys that are no longer remembered; return how many."""
    count, _ = IdempotencyKey.objects.filter(created__lte=get_oldest_valid_time()).delete()
    return count


def forget_answers_about(student_keys: Collection[str]) -> None:
    """Delete the stored answers that name a learner; their writes are not safe to send again any more."""
    about = Q(pk__in=[])
    for student_key in student_keys:
        about |= Q(body__contains=_as_in_an_answer(student_key))
    IdempotencyKey.objects.filter(about).delete()


def _as_in_an_answer(student_key: str) -> str:
    text = json.dumps(student_key, ensure_ascii=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")  # as REST framework writes them


def _store(write: WriteOnce, answer: FinalAnswer) -> None:
    row = IdempotencyKey(
        requester=write.requester, key=write.key, digest=write.digest, status=answer.status, body=answer.body
    )
    # Replaces one that has expired and was not pruned yet.
    IdempotencyKey.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["requester", "key"],
        update_fields=["digest", "status", "body", "created"],
    )
