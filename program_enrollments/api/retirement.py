"""Forgetting a learner's student keys for good (contract section 7)."""

import logging
import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.crypto import salted_hmac

from learners.service import anonymize_user, find_account, list_student_keys_of_user
from program_enrollments.api.forgetting import (
    IS_TYPED,
    forget_copies,
    forget_texts_in_history,
    list_texts_in_history,
)
from program_enrollments.api.locks import join_writers, lock_accounts
from program_enrollments.api.lookups import list_administered_program_uuids
from program_enrollments.api.records import SYSTEM, ChangeSource
from program_enrollments.api.statements import update_with_history
from program_enrollments.exceptions import LearnerStillNamed, UserDoesNotExist, UserIsStaff
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment

logger = logging.getLogger(__name__)

SALT = "program_enrollments.retirement"
RETIRED_KEY = re.compile(r"retired-[0-9a-f]{64}")


@transaction.atomic
def retire_user(username: str, *, source: ChangeSource = SYSTEM) -> int:
    """Make an account anonymous and unusable, and replace its student keys by salted hashes, history included.

    Covers the enrollments of the account and those that wait for one of its identities, the reasons that people typed
    for changes of them, and all copies of their keys in stored answers, imports, files and results. The hashes depend
    on SECRET_KEY and are stable: retiring again, under the old username, changes nothing.
    Returns the number of program enrollments whose key was replaced.
    Raises: UserDoesNotExist, UserIsStaff; LearnerStillNamed: imports or downloads that are not finished name the
    learner, or may, and would outlive all that is known of the keys. Nothing was changed.
    """
    account = find_account(username)
    if account is None:
        raise UserDoesNotExist("There is no account with this username.")
    if account.is_staff:
        raise UserIsStaff("This account is a member of staff or a superuser.")
    join_writers()
    identities = _list_identities(account.id)
    of_learner = Q(user_id=account.id) | _waiting_for(account.id)
    enrollments = list(ProgramEnrollment.objects.filter(of_learner).order_by("pk").select_for_update())
    lock_accounts([account.id])
    replaced = update_with_history(
        ProgramEnrollment,
        [
            {"id": row.pk, "external_user_key": _retired_key(row.pk, row.external_user_key)}
            for row in enrollments
            if row.external_user_key is not None
        ],
        source=source,
    )
    history = _list_history([row.pk for row in enrollments], account.id)
    places = {(row.program_uuid, row.external_user_key) for row in (*enrollments, *history)} | identities
    keys = {key for _, key in places if key is not None and not RETIRED_KEY.fullmatch(key)}
    _retire_history(history)
    _forget_texts_in_history(account.id, {row.pk for row in enrollments}, keys | account.names)
    unfinished = forget_copies(
        [(program_uuid, key if key in keys else None) for program_uuid, key in places],
        names=account.names,
        is_urgent=True,
    )
    if unfinished:
        raise LearnerStillNamed(
            f"Unfinished work names the learner, or may: {', '.join(sorted(unfinished))}. Nothing was changed. "
            "Run retire_user again when it has finished; an import can be canceled."
        )
    if not account.is_retired:
        anonymize_user(account.id, student_keys=keys)
    logger.info("Retired user %s: replaced the student keys of %d program enrollments.", account.id, len(replaced))
    return len(replaced)


def _waiting_for(user_id: int) -> Q:
    waiting = Q(pk__in=[])
    for organization_key, student_key in list_student_keys_of_user(user_id):
        program_uuids = list_administered_program_uuids(organization_key)
        waiting |= Q(user__isnull=True, external_user_key=student_key, program_uuid__in=program_uuids)
    return waiting


def _list_identities(user_id: int) -> set[tuple[UUID, str]]:
    """Return (program uuid, student key) for one program of each organization at which the account has an identity."""
    pairs = (
        (list_administered_program_uuids(key)[:1], key_there) for key, key_there in list_student_keys_of_user(user_id)
    )
    return {(program_uuid, student_key) for program_uuids, student_key in pairs for program_uuid in program_uuids}


def _list_history(enrollment_ids: Collection[int], user_id: int) -> list[Any]:
    """Return the history of the enrollments, and that of the account's enrollments which are deleted."""
    # An enrollment that was linked to this account by mistake carries another learner's key.
    still_there = ProgramEnrollment.objects.filter(pk=OuterRef("id"))
    of_learner = Q(id__in=enrollment_ids) | Q(~Exists(still_there), user_id=user_id)
    return list(ProgramEnrollment.history.filter(of_learner).order_by("pk"))


def _retire_history(entries: Collection[Any]) -> None:
    named = [entry for entry in entries if entry.external_user_key is not None]
    for entry in named:
        entry.external_user_key = _retired_key(entry.id, entry.external_user_key)
    ProgramEnrollment.history.bulk_update(named, ["external_user_key"], batch_size=500)


def _forget_texts_in_history(user_id: int, enrollment_ids: Collection[int], words: Collection[str]) -> None:
    """Take out of history why people changed these enrollments, and all that were ever linked to the account.

    Whatever they typed may be about the learner. Where it, or a request's id, holds a word, it goes for all learners.
    """
    was_linked = ProgramEnrollment.history.filter(user_id=user_id).order_by().values_list("id", flat=True)
    ids = {*enrollment_ids, *was_linked}
    forget_texts_in_history(list_texts_in_history(ids), words)
    ProgramEnrollment.history.filter(IS_TYPED, id__in=ids).update(history_change_reason="")
    ProgramCourseEnrollment.history.filter(IS_TYPED, program_enrollment_id__in=ids).update(history_change_reason="")


def _retired_key(enrollment_id: int, student_key: str) -> str:
    """Return the key's hash, which is its own for each enrollment: the key may enroll there again one day."""
    if RETIRED_KEY.fullmatch(student_key):
        return student_key
    return f"retired-{salted_hmac(SALT, f'{enrollment_id}:{student_key}', algorithm='sha256').hexdigest()}"
