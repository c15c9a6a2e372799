"""The database backend that the settings name (ENGINE)."""

import select

from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_IDLE


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections of which the health is told by their socket (CONN_HEALTH_CHECKS).

    Django asks the server `SELECT 1` ahead of each request, which was a twentieth of a page's time. A server that ends
    a connection says so on it, and says nothing on one that rests: while there is nothing to read, it is alive.
    """

    def close_if_unusable_or_obsolete(self) -> None:
        """Close the connection ahead of a request, and after it, if anything but a refused row failed on it.

        It may be well, but what was prepared on it may not: of a column that a migration has widened, a prepared
        statement cannot be executed any more.
        """
        if self.errors_occurred and not self.in_atomic_block:
            self.close()
        super().close_if_unusable_or_obsolete()

    def is_usable(self) -> bool:
        """Tell whether queries can be sent; ask the server only where there is doubt."""
        if self.connection is None or self.connection.closed:
            return False
        is_at_rest = self.connection.info.transaction_status == TRANSACTION_STATUS_IDLE
        if self.errors_occurred or not is_at_rest or _has_something_to_read(self.connection.fileno()):
            return super().is_usable()
        return True


def _has_something_to_read(file_descriptor: int) -> bool:
    poll = select.poll()
    poll.register(file_descriptor, select.POLLIN)
    return bool(poll.poll(0))
