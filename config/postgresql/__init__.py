"""Django's PostgreSQL backend, with a cheaper way to tell that a connection is alive."""
