"""Faults of what the service stands on, which pass with time, told from faults of the service."""

import psycopg2
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
)
from psycopg2 import errorcodes

from catalog.service import CatalogUnavailable

PASSING_STATES = {
    errorcodes.READ_ONLY_SQL_TRANSACTION,
    errorcodes.FEATURE_NOT_SUPPORTED,
    errorcodes.INVALID_SQL_STATEMENT_NAME,
}
"""A standby takes no writes, and knows no unlogged tables. What was prepared on a connection ceases to work with a
migration, or behind a pooler; the connection is given up then (`config.postgresql`)."""

ROW_REFUSALS = (DataError, IntegrityError, InternalError)
"""With what the database refuses a row; some of these may be outages all the same."""

RETRY_SECONDS = 5
"""How long a client is asked to wait: most failovers and restarts take a few of these."""


def is_outage(fault: BaseException | None) -> bool:
    """Tell whether what could not be done will be possible again: the database or the catalog cannot be used for now.

    That is: no connection, no space, no writes, a deadlock, a time-out, and `PASSING_STATES`.
    """
    if isinstance(fault, (OperationalError, InterfaceError, CatalogUnavailable)):
        return True
    # What goes wrong in a COPY or in a streamed answer comes as the driver says it.
    if isinstance(fault, (psycopg2.OperationalError, psycopg2.InterfaceError)) or _is_of_a_lost_answer(fault):
        return True
    if not isinstance(fault, DatabaseError):
        return False
    if _is_of_a_lost_answer(fault.__cause__):
        return True
    state = getattr(fault.__cause__, "pgcode", None)
    # A connection that broke off gives no state; a database that became read-only is refilled or fails over.
    is_connected = connection.connection is not None and not connection.connection.closed
    return state in PASSING_STATES or not is_connected


def _is_of_a_lost_answer(fault: BaseException | None) -> bool:
    """Tell whether the server ended while the driver awaited its answer, to a COMMIT for instance.

    All that the server says has a kind and a state; the connection may not seem closed yet.
    """
    return type(fault) is psycopg2.DatabaseError and getattr(fault, "pgcode", None) is None
