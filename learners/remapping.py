"""Following a school that changes its learners' identifiers (contract section 7)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Lower
from social_django.models import UserSocialAuth

from learners.constants import RemappingOutcome
from learners.models import IdentityProvider, User


@dataclass(frozen=True, slots=True)
class KeyAssignment:
    """The account with this e-mail, in any case, is to have this student key."""

    email: str
    student_key: str


@dataclass(frozen=True, slots=True)
class _Move:
    index: int
    identity_id: int
    old_uid: str
    new_uid: str


def has_identity_provider(slug: str) -> bool:
    """Tell whether there is an identity provider with this slug, enabled or not."""
    return IdentityProvider.objects.filter(slug=slug).exists()


def iter_remapped_identities(
    provider_slug: str, assignments: Sequence[KeyAssignment], *, dry_run: bool
) -> Iterator[tuple[int, RemappingOutcome]]:
    """Give accounts new student keys at an identity provider.

    Yields (index in `assignments`, outcome) once each; a change is committed before it is yielded. The order is free,
    since a key may be taken until its holder has moved on; keys that go round in a circle stay taken. Saving an
    identity announces it, so that enrollments that wait for the new key are linked. A dry run changes nothing.
    """
    moves, refusals = _plan(provider_slug, assignments)
    yield from refusals
    taken_uids = set(
        UserSocialAuth.objects.filter(uid__in=[move.new_uid for move in moves]).values_list("uid", flat=True)
    )
    while moves:
        held_back = []
        for move in moves:
            if move.new_uid in taken_uids:
                held_back.append(move)
                continue
            if not dry_run:
                _change_uid(move)
            taken_uids.discard(move.old_uid)
            yield move.index, RemappingOutcome.CHANGED
        if len(held_back) == len(moves):
            yield from ((move.index, RemappingOutcome.KEY_TAKEN) for move in held_back)
            return
        moves = held_back


def _plan(
    provider_slug: str, assignments: Sequence[KeyAssignment]
) -> tuple[list[_Move], list[tuple[int, RemappingOutcome]]]:
    emails = [assignment.email.lower() for assignment in assignments]
    email_counts = Counter(emails)
    key_counts = Counter(assignment.student_key for assignment in assignments)
    known_emails = set(
        User.objects.annotate(any_case_email=Lower("email"))
        .filter(any_case_email__in=email_counts)
        .values_list("any_case_email", flat=True)
    )
    identities_by_email: dict[str, list[UserSocialAuth]] = defaultdict(list)
    for identity in UserSocialAuth.objects.annotate(any_case_email=Lower("user__email")).filter(
        any_case_email__in=email_counts, uid__startswith=f"{provider_slug}:"
    ):
        identities_by_email[identity.any_case_email].append(identity)

    moves, refusals = [], []
    for index, (email, assignment) in enumerate(zip(emails, assignments, strict=True)):
        identities = identities_by_email[email]
        new_uid = f"{provider_slug}:{assignment.student_key}"
        if email_counts[email] > 1 or key_counts[assignment.student_key] > 1:
            refusals.append((index, RemappingOutcome.REPEATED))
        elif email not in known_emails:
            refusals.append((index, RemappingOutcome.UNKNOWN_EMAIL))
        elif not identities:
            refusals.append((index, RemappingOutcome.NO_IDENTITY))
        elif len(identities) > 1:
            refusals.append((index, RemappingOutcome.AMBIGUOUS))
        elif identities[0].uid == new_uid:
            refusals.append((index, RemappingOutcome.UNCHANGED))
        else:
            moves.append(_Move(index, identities[0].pk, identities[0].uid, new_uid))
    return moves, refusals


@transaction.atomic
def _change_uid(move: _Move) -> None:
    identity = UserSocialAuth.objects.select_for_update().get(pk=move.identity_id)
    identity.uid = move.new_uid
    identity.save(update_fields=["uid", "modified"])
