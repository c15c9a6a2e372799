"""Locks that make racing writes on one learner take turns.

Every function that writes enrollments takes them in this order, so that no two can wait for each other: the lock that
all writers share, learners, program enrollment rows by id, accounts, then the rows beneath. All end with the
transaction.
"""

from collections.abc import Collection, Iterable

from django.db import connection

from prepared.service import execution_of
from program_enrollments.api.statements import Query, as_array

ALL_WRITERS = 5_031_866_741  # any number of our own
LOCK_IN_ORDER = """
SELECT pg_advisory_xact_lock(number) FROM (
    SELECT DISTINCT hashtextextended(name, 0) AS number FROM unnest(%(lock_names)s::text[]) AS name
    ORDER BY number OFFSET 0
) AS numbers
"""


def lock_out_other_writers() -> None:
    """Take alone the lock that all writers share: wait until no other transaction writes, and let none begin.

    For a writer of so many learners that their own locks would not fit into PostgreSQL's lock table, or of learners
    who are not known before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ALL_WRITERS])


def join_writers() -> None:
    """Take the lock that all writers share, for one who needs no learner's, ahead of rows.

    Whoever locks out other writers takes rows in any order.
    """
    _lock([])


def lock_learners(organization_key: str | None, student_keys: Collection[str]) -> None:
    """Take the locks of learners, known by student key at an organization (None: at programs without one).

    It also orders writes against a first sign-in with the same key: whichever comes second sees the other's rows.
    """
    lock_learners_of_organizations({(organization_key, key) for key in student_keys})


def lock_learner(organization_key: str | None, student_key: str | None) -> None:
    """Take the lock of one learner, as `lock_learners`; without a student key, only that which all writers share."""
    lock_learners(organization_key, [] if student_key is None else [student_key])


def lock_learners_of_organizations(learners: Collection[tuple[str | None, str]]) -> None:
    """Take the locks of learners of several organizations, each an organization's key (or None) and a student key."""
    _lock(f"learner:{organization_key}:{key}" for organization_key, key in learners)


def lock_accounts(user_ids: Collection[int]) -> None:
    """Take the locks of accounts, which may hold enrollments under several organizations."""
    _lock([f"account:{user_id}" for user_id in user_ids])


def try_lock_idempotency_key(requester: str, key: str) -> bool:
    """Take the lock of a requester's key, ahead of all others; False, without waiting, if another holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"idempotency:{requester}:{key}"])
        (is_locked,) = cursor.fetchone()
    return bool(is_locked)


def lock_learners_first(organization_key: str | None, student_keys: Collection[str]) -> Query:
    """Return the statements by which `lock_learners` takes its locks, to be sent ahead of one that needs them."""
    return _lock_statements(f"learner:{organization_key}:{key}" for key in student_keys)


def _lock(names: Iterable[str]) -> None:
    statements = _lock_statements(names)
    with connection.cursor() as cursor:
        cursor.execute(statements.sql, statements.values)


def _lock_statements(names: Iterable[str]) -> Query:
    return Query(
        f"SELECT pg_advisory_xact_lock_shared(%(all_writers)s); {execution_of(LOCK_IN_ORDER)}",
        {"all_writers": ALL_WRITERS, "lock_names": as_array(names)},
    )
