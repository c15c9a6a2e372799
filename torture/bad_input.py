"""Bad input: whatever a schema-driven generator thinks of, and bodies that are worse."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torture.bad_bodies import send_bad_bodies
from torture.report import Line
from torture.school import School, ask_staff_token, ask_token_of_nobody, make_school
from torture.service import FOLDER, ROOT, Database, WebServer, web_server

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "forbidden_body_refusal",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token the generated requests carry."""

    name: str
    username: str
    token: str


def run(database: Database, *, seed: int, cases: int) -> list[Line]:
    """Send so many generated cases for each operation, with and without rights, and then the worst bodies."""
    school = make_school()
    with web_server() as server:
        staff = Caller("with all rights", "torture-staff", ask_staff_token(server.port))
        nobody = Caller("without rights", "torture-nobody", ask_token_of_nobody(server.port))
        generate = partial(generate_cases, server, school, cases=cases, seed=seed)
        with ThreadPoolExecutor() as side_by_side:
            lines = list(side_by_side.map(generate, (staff, nobody)))
        return lines + send_bad_bodies(server, school, staff.token)


def generate_cases(server: WebServer, school: School, caller: Caller, *, cases: int, seed: int) -> Line:
    """Let schemathesis send cases to every operation of the OpenAPI description, one by one and in sequences."""
    line = Line(f"generated requests {caller.name}, {cases} an operation")
    config, report = FOLDER / f"schemathesis-{caller.username}.toml", FOLDER / f"schemathesis-{caller.username}.json"
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


def _read_report(report: Path, code: int, line: Line) -> None:
    if not report.exists():
        line.accuse(f"schemathesis ended with {code}; see {FOLDER}.")
        return
    found: Any = json.loads(report.read_text())
    line.times = found["test_cases"]["generated"]
    if found["stop_reason"] != "completed" or not found["complete"] or found["errors"]:
        line.accuse(f"schemathesis did not come to its end; see {FOLDER}.")
    for failure in found["failures"]:
        for operation in failure["operations"]:
            line.accuse(f"{failure['title']}: {operation}")
