"""gunicorn's workers killed, and a database that goes away, while clients write."""

import time
from random import Random

from django.db import connection

from torture.clients import BASE, Client
from torture.invariants import INVARIANTS, check_invariants
from torture.report import Line
from torture.roster import compare_with_database
from torture.school import School, make_school
from torture.service import Database, WebServer, wait_until, web_server
from torture.writers import Writer, writing

CLIENTS = 8
RECOVERY_SECONDS = 15


def hurt_processes_and_database(database: Database, random: Random, seed: int, times: int) -> list[Line]:
    """Do both so many times, and compare what clients were told."""
    requests = Line(f"requests of {CLIENTS} clients meanwhile")
    killed, outages = Line("kill -9 of gunicorn's workers under load"), Line("requests while the database was away")
    stopped = Line("PostgreSQL stopped, crashed or refusing, under load")
    compared = Line("changes compared with the database afterwards")
    school = make_school()
    with web_server() as server:
        token = school.ask_token(server.port)
        with writing(school, clients=CLIENTS, port=server.port, seed=seed, line=requests, may_fail=True) as writers:
            _kill_workers(server, random, killed, 3 * times)
            time.sleep(2)
            for _ in range(times):
                for outage in (
                    database.stopped("fast"),
                    database.stopped("immediate"),
                    database.refusing_connections(),
                ):
                    time.sleep(random.uniform(1, 2))
                    with outage:
                        _watch_outage(Client(server.port, token), outages, random.uniform(2, 4))
                    _watch_recovery(Client(server.port, token), stopped)
    compare(school, writers, compared)
    return [killed, stopped, outages, requests, compared]


def _kill_workers(server: WebServer, random: Random, line: Line, times: int) -> None:
    for _ in range(times):
        time.sleep(random.uniform(0.2, 1.5))
        workers = server.list_workers()
        if workers:
            random.choice(workers).kill()
            line.count()


def _watch_outage(client: Client, line: Line, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = client.send_once("GET", f"{BASE}/limits/")
        line.count(answer.status)
        if not answer.is_outage():
            line.accuse(f"Without its database the service answered {answer}")
        time.sleep(0.1)


def _watch_recovery(client: Client, line: Line) -> None:
    began = time.monotonic()
    try:
        wait_until(lambda: client.send_once("GET", f"{BASE}/limits/").status == 200, "", RECOVERY_SECONDS)
    except TimeoutError:
        line.accuse(f"It did not recover within {RECOVERY_SECONDS} s.")
    line.count()
    line.note = f"recovered within {max(time.monotonic() - began, _noted_seconds(line)):.1f} s"


def _noted_seconds(line: Line) -> float:
    return float(line.note.split()[-2]) if line.note else 0


def compare(school: School, writers: list[Writer], line: Line) -> None:
    """Compare the database with what all writers were told, and check what must hold whoever wrote what."""
    connection.close()  # that of before an outage
    rosters = [writer.roster for writer in writers]
    line.times = sum(len(rows) for roster in rosters for rows in roster.changes.values())
    line.note = f"and {len(INVARIANTS)} invariants"
    compare_with_database(school, rosters, line)
    check_invariants(school.places, line)
