"""The OpenAPI description and the pages that show it."""

import re

import pytest
import yaml
from django.core.management import call_command
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it comes without stubs

from program_enrollments.rest_api.tokens import UserRefreshToken

BASE = "/api/program_enrollments/v1/"
WRITES = ("post", "patch", "put")


def test_the_description_is_served_to_anyone(client, schema):
    response = client.get("/api/schema/")

    assert response.status_code == 200
    assert yaml.safe_load(response.content) == schema


def test_the_description_is_valid_without_a_warning(capfd, tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yaml"))

    assert capfd.readouterr() == ("", "")


def test_every_endpoint_is_described_once_by_a_stable_name(schema):
    operations = {
        operation["operationId"]: f"{method} {path.removeprefix(BASE)}"
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }

    program, course = "programs/{program_uuid}/", "programs/{program_uuid}/courses/{course_id}/"
    item = "imports/{import_id}/"
    own = {name: place for name, place in operations.items() if not name.startswith("registrar_")}
    assert own == {
        "list_program_enrollments": f"get {program}enrollments/",
        "create_program_enrollments": f"post {program}enrollments/",
        "update_program_enrollments": f"patch {program}enrollments/",
        "put_program_enrollments": f"put {program}enrollments/",
        "list_program_course_enrollments": f"get {course}enrollments/",
        "create_program_course_enrollments": f"post {course}enrollments/",
        "update_program_course_enrollments": f"patch {course}enrollments/",
        "put_program_course_enrollments": f"put {course}enrollments/",
        "list_program_course_grades": f"get {course}grades/",
        "get_program_overview": f"get {program}overview/",
        "list_learner_programs": "get programs/enrollments/",
        "list_readonly_programs": "get programs/readonly_access/",
        "list_course_run_overviews": "get users/{username}/programs/{program_uuid}/courses/",
        "reset_enrollments": "post integration-reset/",
        "get_limits": "get limits/",
        "get_import": f"get {item}",
        "apply_import": f"post {item}apply/",
        "approve_import": f"post {item}approve/",
        "cancel_import": f"post {item}cancel/",
        "discard_import": f"post {item}discard/",
        "download_rejected_rows": f"get {item}rejected.csv",
        "download_import_results": f"get {item}results.csv",
        "list_import_rows": f"get {item}rows/",
        "undo_import": f"post {item}undo/",
        "export_program_course_enrollments": f"get {course}enrollments/export/",
        "export_program_enrollments": f"get {program}enrollments/export/",
        "list_imports": f"get {program}imports/",
        "create_import": f"post {program}imports/",
        "obtain_application_token": "post /oauth2/access_token",
        "obtain_token": "post /api/token/",
        "refresh_token": "post /api/token/refresh/",
        "verify_token": "post /api/token/verify/",
        "blacklist_token": "post /api/token/blacklist/",
    }


@pytest.mark.parametrize("path", ["enrollments/", "courses/{course_id}/enrollments/"])
@pytest.mark.parametrize("method", WRITES)
def test_writes_tell_each_answer_with_an_example(schema, path, method):
    operation = schema["paths"][f"{BASE}programs/{{program_uuid}}/{path}"][method]

    assert {int(status) for status in operation["responses"]} >= {200, 204, 207, 400, 401, 403, 404, 413, 415, 422}
    shared = schema["components"]["responses"]
    for status, described in operation["responses"].items():
        response = shared[described["$ref"].rpartition("/")[2]] if "$ref" in described else described
        assert response["description"]
        if status != "204":
            assert all(content["examples"] for content in response["content"].values())
    (example,) = operation["requestBody"]["content"]["application/json"]["examples"].values()
    assert example["value"][0]["student_key"]


@pytest.mark.parametrize("path", ["integration-reset/", "programs/{program_uuid}/courses/{course_id}/grades/"])
def test_special_answers_are_told(schema, path):
    (operation,) = schema["paths"][BASE + path].values()

    special = {"integration-reset/": "501"}.get(path, "204")
    assert special in operation["responses"]


def test_every_operation_tells_what_holds_for_all(schema):
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            assert "429" in operation["responses"]
            names = [parameter.get("$ref", "") for parameter in operation.get("parameters", [])]
            takes_keys = "#/components/parameters/IdempotencyKey" in names
            assert takes_keys is (method in WRITES and operation["tags"] != ["Tokens"])
            assert all(
                "$ref" in response or {"X-Request-ID", "RateLimit"} <= set(response["headers"])
                for response in operation["responses"].values()
            )


def in_json_schema(described):
    """Return what OpenAPI 3.0 says, as JSON Schema says it."""
    if isinstance(described, list):
        return [in_json_schema(part) for part in described]
    if not isinstance(described, dict):
        return described
    parts = {name: in_json_schema(part) for name, part in described.items()}
    return {"anyOf": [parts, {"type": "null"}]} if parts.pop("nullable", False) else parts


def iter_bodies(schema):
    """Yield where each body of a request or an answer is described, and the description."""
    for methods in schema["paths"].values():
        for operation in methods.values():
            bodies = {"request": operation.get("requestBody", {})} | operation["responses"]
            for name, body in bodies.items():
                for media_type, described in body.get("content", {}).items():
                    yield (operation["operationId"], name, media_type), described
    for name, answer in schema["components"]["responses"].items():
        for media_type, described in answer["content"].items():
            yield (name, media_type), described


def test_every_body_is_shown_by_examples_that_fit_its_schema(schema):
    components = in_json_schema(schema["components"])
    for place, body in iter_bodies(schema):
        if "application/gzip" in place:  # bytes
            continue
        validator = Draft7Validator({"allOf": [in_json_schema(body["schema"])], "components": components})
        examples = body.get("examples", {})
        assert examples, place
        for name, example in examples.items():
            faults = [(list(fault.absolute_path), fault.message) for fault in validator.iter_errors(example["value"])]
            assert faults == [], (place, name)


def test_each_refusal_is_shown_with_a_sentence_of_its_own(schema):
    for place, body in iter_bodies(schema):
        values = [example["value"] for example in body.get("examples", {}).values()]
        messages = [value["developer_message"] for value in values if "developer_message" in value]
        assert len(messages) == len(set(messages)), place


@pytest.fixture
def find_shown(schema):
    """Finds the example of an answer by its code."""

    def find(operation_id, status, code):
        (shown,) = (
            example["value"]
            for place, body in iter_bodies(schema)
            if place[:2] == (operation_id, str(status))
            for example in body["examples"].values()
            if example["value"]["error_code"] == code
        )
        return shown

    return find


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("[" + "{}," * 29 + "{}]", 413, "too_many_records"),
        (" " * 1_000_001, 413, "request_too_large"),
        ('[{"student_key": "S-1001"}, {"student_key": "S-1002", "status": "enrolled"} ', 400, "parse_error"),
    ],
)
def test_refusals_of_bodies_are_shown_as_they_are(find_shown, staff_client, enrollments_path, body, status, code):
    response = staff_client.generic("PATCH", enrollments_path, body, content_type="application/json")

    shown, told = find_shown("update_program_enrollments", status, code), response.json()
    assert (response.status_code, told["error_code"]) == (status, code)
    assert shown["developer_message"].partition(":")[0] == told["developer_message"].partition(":")[0]


def test_the_refusal_of_a_malformed_record_is_shown_as_it_is(find_shown, staff_client, enrollments_path):
    response = staff_client.patch(enrollments_path, [{"student_key": "a", "status": "ended"}, {"student_key": "b"}])

    assert response.json() == find_shown("update_program_enrollments", 400, "invalid_request")


def test_the_refusal_of_an_unknown_curriculum_is_shown_as_it_is(
    find_shown, staff_client, enrollments_path, record, settings
):
    settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM = True
    unknown = record("b", curriculum_uuid="3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1")

    response = staff_client.put(enrollments_path, [record("a"), unknown])

    assert response.json() == find_shown("put_program_enrollments", 400, "unknown_curriculum")


def test_refusals_of_tokens_are_shown_as_they_are(find_shown, anonymous_client, enrollments_path, staff):
    refresh = str(UserRefreshToken.for_user(staff))
    for _ in range(2):
        refreshed = anonymous_client.post("/api/token/refresh/", {"refresh": refresh})
    answers = {
        ("list_program_enrollments", "not_authenticated"): anonymous_client.get(enrollments_path),
        ("list_program_enrollments", "token_not_valid"): anonymous_client.get(
            enrollments_path, headers={"Authorization": "JWT nonsense"}
        ),
        ("refresh_token", "token_not_valid"): refreshed,
        ("obtain_token", "no_active_account"): anonymous_client.post(
            "/api/token/", {"username": "nobody", "password": "password"}
        ),
    }

    for (operation_id, code), answer in answers.items():
        assert answer.json() == find_shown(operation_id, 401, code)


def test_the_limits_are_shown_as_they_are(schema, staff_client):
    shown = schema["paths"][f"{BASE}limits/"]["get"]["responses"]["200"]["content"]["application/json"]["examples"]

    told = staff_client.get(f"{BASE}limits/").json()
    whose = ("scopes", "programs")
    assert {name: limit for name, limit in shown["Example"]["value"].items() if name not in whose} == {
        name: limit for name, limit in told.items() if name not in whose
    }


def test_writes_tell_what_a_bad_or_used_idempotency_key_is_answered(schema):
    item = schema["paths"][f"{BASE}imports/{{import_id}}/cancel/"]["post"]["responses"]
    assert item["400"] == {"$ref": "#/components/responses/BadKey"}
    assert item["422"] == {"$ref": "#/components/responses/KeyReused"}

    enrollments = schema["paths"][f"{BASE}programs/{{program_uuid}}/enrollments/"]["post"]["responses"]
    outcomes, error = enrollments["422"]["content"]["application/json"]["schema"]["oneOf"]
    assert outcomes["additionalProperties"]["type"] == "string"
    assert error == {"$ref": "#/components/schemas/Error"}

    for status, code in (("400", "invalid_idempotency_key"), ("422", "idempotency_key_reused")):
        examples = enrollments[status]["content"]["application/json"]["examples"]
        assert examples[code]["value"]["error_code"] == code


def test_only_answers_that_are_kept_for_a_key_tell_that_they_may_be_repeated(schema):
    path = schema["paths"][f"{BASE}programs/{{program_uuid}}/enrollments/"]
    repeated = [status for status, answer in path["post"]["responses"].items() if "Idempotency-Replayed" in str(answer)]

    assert repeated == ["200", "204", "207", "422"]
    assert "Idempotency-Replayed" not in str(path["get"])


def test_an_operation_keeps_the_headers_of_its_own(schema):
    answer = schema["paths"][f"{BASE}programs/{{program_uuid}}/overview/"]["get"]["responses"]["200"]

    assert {"Deprecation", "Link", "X-Request-ID"} <= set(answer["headers"])


def test_listings_tell_their_parameters(schema):
    operation = schema["paths"][f"{BASE}programs/{{program_uuid}}/enrollments/"]["get"]

    assert {parameter["name"] for parameter in operation["parameters"]} == {
        "program_uuid",
        "student_key",
        "status",
        "modified_since",
        "curriculum_uuid",
        "account_exists",
        "cursor",
        "page_size",
    }


@pytest.mark.parametrize("path", ["/api-docs/", "/api-docs/redoc/"])
def test_the_pages_need_nothing_from_other_hosts(client, path):
    response = client.get(path)

    assert response.status_code == 200
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\"']*", response.content.decode()) == []


@pytest.mark.parametrize("slash", ["/", ""])
def test_the_description_needs_no_login_and_ignores_bad_tokens(client, slash):
    assert client.get(f"/api/schema{slash}", headers={"Authorization": "JWT bad"}).status_code == 200
