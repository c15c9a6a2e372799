"""Good and bad input: whatever a schema-driven generator thinks of, and bodies that are worse."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from imports.constants import RUNNABLE_STATES, ImportState
from imports.models import Import
from registrar.constants import RUNNING_STATES, JobState
from registrar.models import Job
from torture.bad_bodies import send_bad_bodies
from torture.bad_files import send_bad_files
from torture.good_input import GoodCaller, send_good_input
from torture.report import Line
from torture.school import School, ask_staff_token, ask_token_of_nobody, make_school
from torture.service import FOLDER, ROOT, Database, WebServer, wait_until, web_server, working_on_imports

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "forbidden_body_refusal",
)


WORKER_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token the generated requests carry."""

    name: str
    username: str
    token: str


def run(database: Database, *, seed: int, cases: int, paths: str) -> list[Line]:
    """Send so many generated cases for each operation, with and without rights, and then the worst bodies.

    `paths` is a regular expression: operations whose paths it does not find get none.
    """
    school = make_school(organizations=2)
    good = Line("good requests, to all that generated ones do not get done")
    with web_server() as server, working_on_imports():
        staff = Caller("with all rights", "torture-staff", ask_staff_token(server.port))
        nobody = Caller("without rights", "torture-nobody", ask_token_of_nobody(server.port))
        caller = GoodCaller(server, school, staff.token, good)
        send_good_input(caller, school, staff.username, good)
        generate = partial(generate_cases, server, school, cases=cases, seed=seed, paths=paths)
        with ThreadPoolExecutor() as side_by_side:
            lines = list(side_by_side.map(generate, (staff, nobody)))
        labels = caller.list_labels()
        good.note = f"{len(labels)} operations in all"
        labels = {label for label in labels if re.search(paths, label.partition(" ")[2])}
        for label in sorted(labels - caller.served - _list_served(staff)):
            good.accuse(f"{label} never answered with 2xx.")
        bodies = send_bad_bodies(server, school, staff.token)
        files = send_bad_files(server, school, staff.token)
        return [good, *lines, *bodies, *files, _check_work(school)]


def generate_cases(server: WebServer, school: School, caller: Caller, *, cases: int, seed: int, paths: str) -> Line:
    """Let schemathesis send cases to every operation of the OpenAPI description, one by one and in sequences."""
    line = Line(f"generated requests {caller.name}, {cases} an operation")
    config, report = FOLDER / f"schemathesis-{caller.username}.toml", _report_of(caller)
    config.write_text(
        "\n".join(
            [
                "[parameters]",  # places that are there, so that cases get beyond a 404
                f'"path.program_uuid" = "{school.places[0].program_uuid}"',
                f'"path.course_id" = "{school.course_keys[0]}"',
                f'"path.program_key" = "{school.program_key}"',
                f'"path.username" = "{caller.username}"',
            ]
        )
    )
    report.unlink(missing_ok=True)
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        f"--config-file={config}",
        "run",
        f"http://127.0.0.1:{server.port}/api/schema/",
        f"--header=Authorization: JWT {caller.token}",
        f"--checks={','.join(CHECKS)}",
        f"--include-path-regex={paths}",
        f"--max-examples={cases}",
        f"--seed={seed}",
        "--continue-on-failure",
        "--suppress-health-check=all",
        "--no-color",
        f"--report-json-path={report}",
    ]
    with (FOLDER / f"schemathesis-{caller.username}.log").open("wb") as log:
        ended = subprocess.run(command, cwd=FOLDER, env=_environment(), stdout=log, stderr=log, check=False)  # noqa: S603 -- the project's own tool
    _read_report(report, ended.returncode, line)
    return line


def _environment() -> dict[str, str]:
    return os.environ | {"SCHEMATHESIS_HOOKS": "torture.schemathesis_checks", "PYTHONPATH": str(ROOT)}


def _check_work(school: School) -> Line:
    """Accuse what a worker could not do by a fault of its own."""
    line = Line("imports and downloads that a worker did meanwhile")
    programs = [place.program_uuid for place in school.places]
    imports, jobs = Import.objects.filter(program_uuid__in=programs), Job.objects.filter(program_uuid__in=programs)
    waiting = (imports.filter(state__in=RUNNABLE_STATES), jobs.filter(upload=None, state__in=RUNNING_STATES))
    try:
        wait_until(lambda: not any(rows.exists() for rows in waiting), "the worker has done its work", WORKER_SECONDS)
    except TimeoutError as fault:
        line.accuse(str(fault))
    line.times = imports.count() + jobs.filter(upload=None).count()
    for failed in (*imports.filter(state=ImportState.FAILED), *jobs.filter(state=JobState.FAILED)):
        line.accuse(f"{failed} has failed.")
    return line


def _report_of(caller: Caller) -> Path:
    return FOLDER / f"schemathesis-{caller.username}.json"


def _list_served(caller: Caller) -> set[str]:
    """Return the labels of operations that answered a generated request with 2xx, of those that should be."""
    if not _report_of(caller).exists():
        return set()
    rates: dict[str, Any] = json.loads(_report_of(caller).read_text())["valid_rates"]
    return {label for label, phases in rates.items() if any(phase["accepted"] for phase in phases.values())}


def _read_report(report: Path, code: int, line: Line) -> None:
    if not report.exists() or not report.stat().st_size:
        line.accuse(f"schemathesis ended with {code}; see {FOLDER}.")
        return
    found: Any = json.loads(report.read_text())
    line.times = found["test_cases"]["generated"]
    if found["stop_reason"] != "completed" or not found["complete"] or found["errors"]:
        line.accuse(f"schemathesis did not come to its end; see {FOLDER}.")
    for failure in found["failures"]:
        for operation in failure["operations"]:
            line.accuse(f"{failure['title']}: {operation}")
