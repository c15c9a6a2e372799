"""Clients in a process of their own: each sends requests one after the other on a connection that stays open.

`python -m benchmarks.load_client` reads a `Load` as JSON and prints an `Outcome` as JSON. It needs no Django.
"""

import http.client
import json
import random
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

API = "/api/program_enrollments/v1/"
STATUSES = ("suspended", "enrolled", "pending", "canceled")
RECORDS = 25
NEW_LEARNERS = 0.5
"""The share of writes that enroll new learners; the others change known ones."""

DEEP_PAGES = 0.8
"""The share of listings that go on from somewhere in the program."""


@dataclass(frozen=True)
class Load:
    """Who asks for what, for how long.

    `mix`: {kind: weight} of listing, course_listing, write, overview, naive_write. `new_from`: the number of the
    first learner whom nobody has enrolled yet; the others are those of rows `rows` (from, to) of the first program.
    """

    port: int
    clients: int
    seconds: float
    mix: dict[str, float]
    tokens: list[str]
    program_uuids: list[str]
    curriculum_uuids: list[str]
    run_keys: list[str]
    rows: tuple[int, int]
    highest_id: int
    overview_learners: int
    new_from: int


@dataclass
class Outcome:
    """What clients saw: {kind: latencies in milliseconds}; errors, and connections that the server had closed."""

    seconds: float = 0
    latencies: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    reconnects: int = 0
    next_new: int = 0


def program_path(program_uuid: str, run_key: str | None = None) -> str:
    """Return the path of a program's listing, or of one of its course runs."""
    run = f"courses/{run_key}/" if run_key else ""
    return f"{API}programs/{program_uuid}/{run}enrollments/"


class Request(NamedTuple):
    """What a client asks for; `kind` is one of the load's mix."""

    kind: str
    method: str
    path: str
    body: str | None = None


def main() -> None:
    """Run the clients."""
    load = Load(**json.load(sys.stdin))
    new = _Numbers(load.new_from)
    began = time.perf_counter()
    clients = [_Client(load, number, new) for number in range(load.clients)]
    threads = [threading.Thread(target=client.run, args=[began + load.seconds]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcome = Outcome(seconds=time.perf_counter() - began, next_new=new.take(0).start)
    for client in clients:
        outcome.errors += client.seen.errors
        outcome.reconnects += client.seen.reconnects
        for kind, some in client.seen.latencies.items():
            outcome.latencies.setdefault(kind, []).extend(some)
    json.dump(asdict(outcome), sys.stdout)


def choose_requests(load: Load, number: int, new: "_Numbers") -> Iterator[Request]:
    """Yield one request after the other; the same for the same client each time."""
    dice = random.Random(number)  # noqa: S311 -- no secret
    kinds, weights = list(load.mix), list(load.mix.values())
    while True:
        (kind,) = dice.choices(kinds, weights)
        program = dice.choice([0, 1])
        uuid = load.program_uuids[program]
        if kind in {"listing", "course_listing"}:
            place = urlencode({"p": dice.randrange(load.highest_id)}).encode()
            query = "?" + urlencode({"cursor": b64encode(place).decode()}) if dice.random() < DEEP_PAGES else ""
            run_key = load.run_keys[program] if kind == "course_listing" else None
            yield Request(kind, "GET", program_path(uuid, run_key) + query)
        elif kind == "overview":
            learner = f"learner-{dice.randrange(load.overview_learners)}"
            yield Request(kind, "GET", f"{API}users/{learner}/programs/{load.program_uuids[0]}/courses/")
        else:
            rows = new.take(RECORDS) if dice.random() < NEW_LEARNERS else dice.sample(range(*load.rows), RECORDS)
            path = f"/naive/programs/{uuid}/enrollments/" if kind == "naive_write" else program_path(uuid)
            body = [
                {
                    "student_key": f"student-{row:08}",
                    "status": dice.choice(STATUSES),
                    "curriculum_uuid": load.curriculum_uuids[program],
                }
                for row in rows
            ]
            yield Request(kind, "PUT", path, json.dumps(body))


class _Client:
    """One client, and what it saw."""

    def __init__(self, load: Load, number: int, new: "_Numbers") -> None:
        self.seen = Outcome(latencies={kind: [] for kind in load.mix})
        self._requests = choose_requests(load, number, new)
        self._connection = http.client.HTTPConnection("127.0.0.1", load.port, timeout=60)
        token = load.tokens[number % len(load.tokens)]
        self._headers = {"Authorization": f"JWT {token}", "Content-Type": "application/json"}

    def run(self, ends: float) -> None:
        """Ask until the end."""
        for request in self._requests:
            began = time.perf_counter()
            if began >= ends:
                break
            try:
                status = self._ask(request)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                self.seen.errors.append(f"{request.kind}: {type(error).__name__}")
                continue
            self.seen.latencies[request.kind].append(1000 * (time.perf_counter() - began))
            if status != HTTPStatus.OK:
                self.seen.errors.append(f"{request.kind}: {status}")
        self._connection.close()

    def _ask(self, request: Request) -> int:
        """Return the status of the answer, of which all is read.

        A connection that the server closed while it was idle, as a worker does that is replaced, is opened again: all
        that is sent here may be sent twice.
        """
        try:
            response = self._send(request)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.seen.reconnects += 1
            self._connection.close()
            response = self._send(request)
        response.read()
        return response.status

    def _send(self, request: Request) -> http.client.HTTPResponse:
        self._connection.request(request.method, request.path, request.body, self._headers)
        return self._connection.getresponse()


class _Numbers:
    """Numbers that no two clients get."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._lock = threading.Lock()

    def take(self, count: int) -> range:
        """Return so many new ones."""
        with self._lock:
            first, self._next = self._next, self._next + count
        return range(first, self._next)


if __name__ == "__main__":
    main()
