"""A clock that jumps while clients write."""

import time
from random import Random

from torture.outages import CLIENTS, compare
from torture.report import Line
from torture.school import make_school
from torture.service import FOLDER, web_server
from torture.writers import writing


def let_the_clock_jump(random: Random, seed: int, times: int) -> list[Line]:
    """Jump forward and back, and compare what clients were told."""
    jumps, requests = Line("jumps of the clock, by up to an hour"), Line("requests of clients meanwhile")
    compared = Line("changes compared with the database afterwards")
    school, file = make_school(), FOLDER / "clock"
    file.write_text("0")
    with (
        web_server(
            application="torture.skewed_wsgi", log_name="web-clock", environment={"TORTURE_CLOCK_FILE": str(file)}
        ) as server,
        writing(school, clients=CLIENTS, port=server.port, seed=seed, line=requests, may_fail=False) as writers,
    ):
        for _ in range(3 * times):
            # Never to before the tokens were given: those from the future are refused, as they should be.
            file.write_text(str(random.randint(0, 3600)))
            jumps.count()
            time.sleep(random.uniform(0.5, 1.5))
    compare(school, writers, compared)
    return [jumps, requests, compared]
