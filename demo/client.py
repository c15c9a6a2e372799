"""Drives a running server as the student information system of a school would: what `make demo` calls.

It speaks HTTP only. Of the repository it takes the demo's secret, uuids and rosters, and nothing of the service's code,
so that it can serve as the start of a real client.
"""

import argparse
import csv
import itertools
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from tqdm import tqdm

from demo.accounts import PARTNER
from demo.catalog import COURSE_ROSTER_FILE, MBA_CURRICULUM, MBA_PROGRAM, PROGRAM_ROSTER_FILE, read_course_runs

RECORDS_PER_REQUEST = 25
TIMEOUT_SECONDS = 30


@dataclass
class Step:
    """One line of the report. Used as a context manager, it measures the time."""

    name: str
    http_statuses: Counter[int] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __enter__(self) -> Self:
        self.seconds = -time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.seconds += time.monotonic()


class Client:
    """The service as a partner sees it."""

    def __init__(self, base_url: str, program_uuid: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.program_url = f"{self.base_url}/api/program_enrollments/v1/programs/{program_uuid}"
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy would look for this machine's server on its own

    def sign_in(self, client_id: str, client_secret: str) -> None:
        """Get a token for all further requests (OAuth 2.0 client credentials)."""
        form = {
            "grant_type": "client_credentials",
            "token_type": "jwt",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        answer = self.session.post(f"{self.base_url}/oauth2/access_token", data=form, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"JWT {answer.json()['access_token']}"

    def put(self, path: str, records: list[dict[str, Any]], step: Step) -> None:
        """Send records of at most 25 learners; count what came back for each learner."""
        answer = self.session.put(f"{self.program_url}/{path}", json=records, timeout=TIMEOUT_SECONDS)
        step.http_statuses[answer.status_code] += 1
        if answer.status_code not in {requests.codes.ok, requests.codes.multi_status, requests.codes.unprocessable}:
            answer.raise_for_status()
        step.words.update(answer.json().values())

    def iter_pages(self, path: str, step: Step) -> Iterator[list[dict[str, Any]]]:
        """Yield the results of a listing, page by page."""
        url: str | None = f"{self.program_url}/{path}"
        while url:
            answer = self.session.get(url, timeout=TIMEOUT_SECONDS)
            step.http_statuses[answer.status_code] += 1
            if answer.status_code == requests.codes.no_content:
                return
            if answer.status_code != requests.codes.unprocessable:
                answer.raise_for_status()
            page = answer.json()
            yield page["results"]
            url = page["next"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit code. `arguments` None: those of the command line."""
    parser = argparse.ArgumentParser(description="Send a school's rosters to a running server, and read them back.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server is (default %(default)s)")
    url = parser.parse_args(arguments).url
    client = Client(url, MBA_PROGRAM)
    try:
        client.sign_in(PARTNER.client_id, PARTNER.client_secret)
        course_rosters = read_course_rosters()
        steps = [
            push_program_roster(client),
            push_course_rosters(client, course_rosters),
            read_program_enrollments(client),
            read_course_enrollments(client, course_rosters),
            read_grades(client, course_rosters),
        ]
    except requests.ConnectionError:
        print(f"No server answers at {url}. Start one in another terminal: make run", file=sys.stderr)
        return 1
    except requests.HTTPError as error:
        print(f"The server refused: {error}\n{error.response.text[:2000]}", file=sys.stderr)
        return 1
    print_report(steps)
    return 0


def push_program_roster(client: Client) -> Step:
    """Enroll the school's learners in the program."""
    records = [row | {"curriculum_uuid": MBA_CURRICULUM} for row in read_rows(PROGRAM_ROSTER_FILE)]
    with Step("PUT program enrollments") as step, progress_bar(step, len(records)) as bar:
        for batch in batches(records):
            client.put("enrollments/", batch, step)
            bar.update(len(batch))
    return step


def push_course_rosters(client: Client, rosters: dict[str, list[dict[str, Any]]]) -> Step:
    """Enroll them in their course runs."""
    total = sum(len(records) for records in rosters.values())
    with Step("PUT course enrollments") as step, progress_bar(step, total) as bar:
        for course_key, records in rosters.items():
            for batch in batches(records):
                client.put(f"courses/{course_key}/enrollments/", batch, step)
                bar.update(len(batch))
    return step


def read_program_enrollments(client: Client) -> Step:
    """Read all enrollments of the program, and count those with an account."""
    with Step("GET program enrollments") as step, progress_bar(step) as bar:
        for results in client.iter_pages("enrollments/", step):
            step.words.update(enrollment["status"] for enrollment in results)
            step.words["(with account)"] += sum(enrollment["account_exists"] for enrollment in results)
            bar.update(len(results))
    return step


def read_course_enrollments(client: Client, course_keys: Iterable[str]) -> Step:
    """Read the enrollments in each course run."""
    with Step("GET course enrollments") as step, progress_bar(step) as bar:
        for course_key in course_keys:
            for results in client.iter_pages(f"courses/{course_key}/enrollments/", step):
                step.words.update(enrollment["status"] for enrollment in results)
                bar.update(len(results))
    return step


def read_grades(client: Client, course_keys: Iterable[str]) -> Step:
    """Read the grades in each course run; only learners with an account have one."""
    with Step("GET grades") as step, progress_bar(step) as bar:
        for course_key in course_keys:
            for results in client.iter_pages(f"courses/{course_key}/grades/", step):
                step.words.update(
                    "error" if "error" in grade else "passed" if grade["passed"] else "not passed" for grade in results
                )
                bar.update(len(results))
    return step


def read_rows(roster: Path) -> list[dict[str, str]]:
    """Return the rows of a roster file."""
    with roster.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_course_rosters() -> dict[str, list[dict[str, Any]]]:
    """Return the records for each course run, by course key; the roster may name a run by the school's own key."""
    keys = {name: run["key"] for run in read_course_runs() for name in (run["key"], run["external_key"]) if name}
    rosters = defaultdict(list)
    for row in read_rows(COURSE_ROSTER_FILE):
        record: dict[str, Any] = {"student_key": row["student_key"], "status": row["status"]}
        if row["course_staff"]:
            record["course_staff"] = row["course_staff"] == "TRUE"
        rosters[keys[row["course_id"]]].append(record)
    return rosters


def batches(records: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the records in lists that one request may hold."""
    remaining = iter(records)
    while batch := list(itertools.islice(remaining, RECORDS_PER_REQUEST)):
        yield batch


def progress_bar(step: Step, total: int | None = None) -> "tqdm[Any]":
    """Return the bar that shows a step's progress, in learners."""
    return tqdm(total=total, desc=step.name, unit=" learners")


def print_report(steps: list[Step]) -> None:
    """Print what came back."""
    row = "{:<24} {:>8}  {:<14} {:>7}  {}"
    print()
    print(row.format("step", "requests", "HTTP statuses", "seconds", "what came back"))
    for step in steps:
        statuses = ", ".join(f"{count}x {status}" for status, count in sorted(step.http_statuses.items()))
        words = ", ".join(f"{count} {word}" for word, count in step.words.most_common())
        print(row.format(step.name, step.http_statuses.total(), statuses, f"{step.seconds:.1f}", words))


if __name__ == "__main__":
    sys.exit(main())
