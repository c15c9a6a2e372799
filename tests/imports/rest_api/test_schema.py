"""Imports in the OpenAPI description: its examples, beside what is answered."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.imports.rest_api.conftest import BASE


@pytest.fixture
def find_examples(schema):
    """Finds the examples of an answer: {name: value}."""

    def find(operation_id, status):
        (operation,) = (
            operation
            for methods in schema["paths"].values()
            for operation in methods.values()
            if operation["operationId"] == operation_id
        )
        examples = operation["responses"][str(status)]["content"]["application/json"]["examples"]
        return {example.get("summary", name): example["value"] for name, example in examples.items()}

    return find


def outline(item):
    """Return how far an import has come, and which of its fields say something by now."""
    told = {name: value is not None for name, value in (item | item["progress"]).items()}
    told |= {name: item[name] for name in ("state", "action", "mode", "snapshot")}
    return told | {"has_rows": any(item["counts"].values())}


@pytest.fixture
def upload(send, enroll):
    """Send a roster that drops a learner."""
    enroll("absent")

    def upload(**options):
        return send("student_key,status", "S-1001,enrolled", "S-1002,enroled", snapshot="true", **options)

    return upload


def test_an_upload_is_shown_queued(find_examples, upload):
    (shown,) = find_examples("create_import", 202).values()

    assert outline(shown) == outline(upload().json())


def test_an_import_is_shown_while_and_after_it_is_applied(find_examples, upload, run, writer_client):
    shown = find_examples("get_import", 200)
    place = upload()["Location"]
    run()

    assert outline(shown["Done"]) == outline(writer_client.get(place).json())
    assert shown["Under way"]["state"] == "applying"


def test_a_preview_is_shown_as_it_goes_on(find_examples, upload, run, decide):
    preview = upload(mode="preview").json()
    run()

    (shown,) = find_examples("apply_import", 202).values()
    assert outline(shown) == outline(decide(preview, "apply").json())


def test_a_preview_is_shown_discarded(find_examples, upload, run, decide):
    preview = upload(mode="preview").json()
    run()

    (shown,) = find_examples("discard_import", 200).values()
    assert outline(shown) == outline(decide(preview, "discard").json())


def test_a_held_import_is_shown_as_it_goes_on(find_examples, upload, run, decide, make_client):
    held = upload(max_drop=0).json()
    run()

    (shown,) = find_examples("approve_import", 202).values()
    assert outline(shown) == outline(decide(held, "approve", client=make_client("writer")).json())


def test_an_import_is_shown_canceled(find_examples, upload, decide):
    shown = find_examples("cancel_import", 202)

    assert outline(shown["It had not begun"]) == outline(decide(upload().json(), "cancel").json())


def test_an_undo_is_shown_queued(find_examples, upload, run, decide, writer_client):
    undone = upload().json()
    run()

    (shown,) = find_examples("undo_import", 202).values()
    told = decide(undone, "undo").json()
    assert outline(shown) == outline(told)
    assert told["undoes"] == undone["id"]
    (latest, before) = find_examples("list_imports", 200)["Example"]["results"]
    assert (latest["undoes"], before["undone_by"]) == (before["id"], latest["id"])


def test_refusals_of_decisions_are_shown_as_they_are(find_examples, upload, run, decide, enroll):
    done = upload().json()
    run()
    held = upload(max_drop=0).json()
    enroll("absent too")
    run()
    answers = {
        ("apply_import", "import_state_conflict"): decide(done, "apply"),
        ("approve_import", "import_state_conflict"): decide(done, "approve"),
        ("approve_import", "second_person_needed"): decide(held, "approve"),
        ("cancel_import", "import_state_conflict"): decide(done, "cancel"),
        ("undo_import", "import_state_conflict"): decide(held, "undo"),
        ("undo_import", "invalid_request"): decide(done, "undo", mode="dry-run"),
        ("get_import", "import_does_not_exist"): decide({"id": "5fa3a1a4-6a5b-4d0a-8f58-0f1a7c5b3a11"}, "undo"),
    }

    for (operation_id, name), answer in answers.items():
        assert answer.json() == find_examples(operation_id, answer.status_code)[name]


def test_a_stale_preview_is_shown_with_its_rows(find_examples, upload, run, decide, enroll):
    preview = upload(mode="preview").json()
    run()
    enroll("S-1001")

    told, shown = decide(preview, "apply").json(), find_examples("apply_import", 409)["plan_stale"]
    assert told.keys() == shown.keys()
    assert told["error_code"] == shown["error_code"]


def test_refusals_of_uploads_are_shown_as_they_are(find_examples, writer_client, imports_path, send, reader_client):
    answers = {
        "invalid_option": send("student_key,status", max_drop="1"),
        "no_file": writer_client.post(imports_path, {"other": "x"}, format="multipart"),
        "unsupported_media_type": send("x", content_type="application/pdf"),
        "unsupported_content_encoding": writer_client.post(
            imports_path, b"x", content_type="text/csv", headers={"Content-Encoding": "br"}
        ),
        "permission_denied": send("x", client=reader_client),
    }

    for name, answer in answers.items():
        shown = find_examples("create_import", answer.status_code)[name]
        assert answer.json() == shown | {
            "developer_message": shown["developer_message"].replace("application/json", "application/pdf")
        }


def test_the_refusal_of_a_filter_is_shown_as_it_is(find_examples, upload, writer_client):
    rows = upload().json()["links"]["rows"]

    (shown,) = find_examples("list_import_rows", 400).values()
    assert writer_client.get(f"{rows}?outcome=rejected").json() == shown


@pytest.mark.parametrize("media_type", ["multipart/form-data", "text/csv", "application/x-ndjson"])
def test_files_can_be_sent_as_they_are_shown(schema, writer_client, imports_path, run, media_type):
    operation = schema["paths"][f"{BASE}programs/{{program_uuid}}/imports/"]["post"]
    (example,) = operation["requestBody"]["content"][media_type]["examples"].values()
    body = example["value"]
    if media_type == "multipart/form-data":
        file = SimpleUploadedFile("roster.csv", body["file"].encode())
        response = writer_client.post(imports_path, body | {"file": file}, format="multipart")
    else:
        response = writer_client.post(imports_path, body.encode(), content_type=media_type)
    run()

    item = writer_client.get(response["Location"]).json()
    assert item["counts"] == {"create": 1, "update": 0, "unchanged": 0, "drop": 0, "reject": 0}
