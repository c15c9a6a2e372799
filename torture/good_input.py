"""Good requests that no generator thinks of: each must be answered with 2xx, as the OpenAPI description says.

Decisions about imports, for one, are only possible while the import is in the right state.
"""

import re
from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from imports.models import Import
from program_enrollments import api
from torture.report import Line
from torture.school import PASSWORD, School
from torture.service import WebServer, wait_until

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
IMPORT_SECONDS = 30
FORM = "application/x-www-form-urlencoded"


class RefusedError(Exception):
    """A good request was refused."""


class GoodCaller:
    """Sends requests to operations by their id, and keeps the labels (method and path) of those that served it."""

    def __init__(self, server: WebServer, school: School, token: str, line: Line) -> None:
        self.served: set[str] = set()
        self._headers = {"Authorization": f"JWT {token}"}
        self._schema: Any = schemathesis.openapi.from_url(
            f"http://127.0.0.1:{server.port}/api/schema/", headers=self._headers
        )
        self._line = line
        self._places = {
            "program_uuid": str(school.places[0].program_uuid),
            "course_id": school.course_keys[0],
            "program_key": school.program_key,
        }

    def list_labels(self) -> set[str]:
        """Return the labels of all operations."""
        return {found.ok().label for found in self._schema.get_all_operations()}

    def ask(self, operation_id: str, *, query: Any = None, media_type: str | None = None, **content: Any) -> Any:
        """Send a request; return the answer's JSON, or its bytes. `content` has the `body`, and parts of the path.

        Raises: RefusedError.
        """
        if "body" in content:
            content["media_type"] = media_type or "application/json"
        body = {name: content.pop(name) for name in ("body", "media_type") if name in content}
        operation = self._schema.find_operation_by_id(operation_id)
        path = {name: (self._places | content)[name] for name in re.findall(r"{(\w+)}", operation.path)}
        case = operation.Case(path_parameters=path, query=query or {}, **body)
        response = case.call(headers=self._headers)
        self._line.count(response.status_code)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._line.accuse(f"{operation.label}: {failure}")
        if not 200 <= response.status_code < 300:
            raise RefusedError(f"{operation.label}: {response.status_code} {response.content[:300]!r}")
        self.served.add(operation.label)
        return response.json() if "json" in response.headers["content-type"][0] else response.content


def send_good_input(caller: GoodCaller, school: School, username: str, line: Line) -> None:
    """Do all that takes data of a certain kind. Needs a worker. Accuse what is refused."""
    try:
        _write_and_look(caller, school, username)
        _decide_about_imports(caller, str(school.places[2].program_uuid))
        for version in ("v1", "v2"):
            _use_registrar(caller, version)
        caller.ask("reset_enrollments", body={"organization": school.places[1].organization_key})
        client = {"client_id": school.client_id, "client_secret": school.client_secret}
        caller.ask("obtain_application_token", body={"grant_type": "client_credentials", **client}, media_type=FORM)
        tokens = caller.ask("obtain_token", body={"username": username, "password": PASSWORD})
        caller.ask("verify_token", body={"token": tokens["access"]})
        tokens |= caller.ask("refresh_token", body={"refresh": tokens["refresh"]})
        caller.ask("blacklist_token", body={"refresh": tokens["refresh"]})
    except (RefusedError, TimeoutError) as fault:
        line.accuse(str(fault))


def _write_and_look(caller: GoodCaller, school: School, username: str) -> None:
    place = school.places[0]
    in_program = {"student_key": "good", "status": "enrolled", "curriculum_uuid": str(place.curriculum_uuid)}
    in_run = {"student_key": "good", "status": "active"}
    for kind, record in (("program", in_program), ("program_course", in_run)):
        caller.ask(f"create_{kind}_enrollments", body=[record])
        caller.ask(f"put_{kind}_enrollments", body=[record])
        caller.ask(f"update_{kind}_enrollments", body=[{"student_key": "good", "status": record["status"]}])
    api.link_program_enrollments(place.program_uuid, {"good": username})
    caller.ask("get_program_overview")
    caller.ask("list_course_run_overviews", username=username)
    caller.ask("list_program_course_grades")


def _decide_about_imports(caller: GoodCaller, program_uuid: str) -> None:
    def upload(state: str, text: str, **query: Any) -> str:
        content = f"student_key,status\n{text}\n"
        told = caller.ask("create_import", program_uuid=program_uuid, query=query, body=content, media_type="text/csv")
        return _wait_for(told["id"], state)

    applied = upload("applied", "a,enrolled\nb,enrolled")
    held = upload("held", "a,enrolled", snapshot="true", max_drop=0)
    caller.ask("approve_import", import_id=held)
    _wait_for(held, "applied")
    previews = [upload("planned", f"{key},enrolled", mode="preview") for key in ("c", "d", "e")]
    caller.ask("apply_import", import_id=previews[0])
    _wait_for(previews[0], "applied")
    caller.ask("discard_import", import_id=previews[1])
    caller.ask("cancel_import", import_id=previews[2])
    undo = caller.ask("undo_import", import_id=previews[0], body={"mode": "apply"})
    _wait_for(undo["id"], "applied")
    for operation_id in ("get_import", "list_import_rows", "download_import_results", "download_rejected_rows"):
        caller.ask(operation_id, import_id=applied)


def _use_registrar(caller: GoodCaller, version: str) -> None:
    in_program, in_run = ({"student_key": version, "status": status} for status in ("enrolled", "active"))
    for kind, record in (("program", in_program), ("course_run", in_run)):
        for verb in ("create", "update"):
            caller.ask(f"registrar_{version}_{verb}_{kind}_enrollments", body=[record])
    run = caller.ask(f"registrar_{version}_list_courses")[0]["course_id"]
    for kind, text in (
        ("program", f"student_key,status\n{version},enrolled\n"),
        ("course", f"course_id,student_key,status\n{run},{version},active\n"),
    ):
        job = caller.ask(
            f"registrar_{version}_upload_{kind}_enrollments",
            body={"file": text.encode()},
            media_type="multipart/form-data",
        )
        _wait_for(job["job_id"], "applied")
        caller.ask(f"registrar_{version}_get_job", job_id=job["job_id"])


def _wait_for(import_id: str, state: str) -> str:
    def has_come() -> bool:
        return Import.objects.values_list("state", flat=True).get(pk=import_id) == state

    wait_until(has_come, f"import {import_id} is {state}", IMPORT_SECONDS)
    return import_id
