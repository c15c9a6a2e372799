"""A clock that jumps while clients write."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random

from torture.clients import Client
from torture.outages import CLIENTS, compare
from torture.report import Line
from torture.school import make_school
from torture.service import FOLDER, wait_until, web_server
from torture.writers import writing

SECONDS_TO_JUMP = 10
TOLERANCE = timedelta(seconds=3)


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
            seconds = random.randint(0, 3600)
            file.write_text(str(seconds))
            _watch_jump(Client(server.port), timedelta(seconds=seconds), jumps)
            time.sleep(random.uniform(0.5, 1.5))
    compare(school, writers, compared)
    return [jumps, requests, compared]


def _watch_jump(client: Client, offset: timedelta, line: Line) -> None:
    """Count a jump once an answer's `Date` tells that the clock of a worker is so far ahead of ours."""

    def has_jumped() -> bool:
        told = parsedate_to_datetime(client.send_once("GET", "/health/live").headers["date"])
        return abs(told - datetime.now(UTC) - offset) < TOLERANCE

    try:
        wait_until(has_jumped, f"a clock is {offset} ahead", SECONDS_TO_JUMP)
    except TimeoutError as fault:
        line.accuse(str(fault))
    else:
        line.count()
