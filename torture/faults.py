"""Faults: processes killed, a database that goes away, grades that lie, a full disk, a clock that jumps."""

from random import Random

from torture.bad_grades import let_grades_fail
from torture.clock import let_the_clock_jump
from torture.full_disk import fill_the_disk
from torture.killed_imports import kill_import_workers
from torture.outages import hurt_processes_and_database
from torture.report import Line
from torture.service import Database


def run(database: Database, *, seed: int, times: int) -> list[Line]:
    """Hurt the service in each way so many times, while clients write, and compare what they were told."""
    random = Random(seed)  # noqa: S311 -- when to hurt is no secret
    return [
        *hurt_processes_and_database(database, random, seed, times),
        kill_import_workers(random, times),
        let_grades_fail(),
        fill_the_disk(),
        *let_the_clock_jump(random, seed, times),
    ]
