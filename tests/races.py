"""Doing things at the same moment, each in its own thread and connection to the database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection


def race(*contestants):
    """Run the functions at the same moment, each in its own thread and connection; return what they returned."""
    start = Barrier(len(contestants))

    def run(contestant):
        try:
            start.wait(timeout=10)
            return contestant()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(contestants)) as threads:
        return [future.result(timeout=60) for future in [threads.submit(run, contestant) for contestant in contestants]]
