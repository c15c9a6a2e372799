"""`imports/{id}/` and what is decided about an import (imports page)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from imports.models import Import
from learners.models import CourseAccessRole
from program_enrollments.models import CourseAccessRoleAssignment, ProgramEnrollment
from tests.factories.access import RoleAssignmentFactory
from tests.factories.learners import RUN_KEY
from tests.imports.rest_api.conftest import BASE

DECISIONS = ("apply", "approve", "discard", "cancel", "undo")
HEADER = "student_key,status"


def statuses():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


@pytest.fixture
def follow(writer_client, run):
    def follow(response):
        """Run what the answer started, and return what the API says of it then."""
        assert response.status_code == 202, response.json()
        run()
        return writer_client.get(response["Location"]).json()

    return follow


@pytest.fixture
def held(enroll, imported):
    for number in range(6):
        enroll(f"old{number}")
    return imported(HEADER, "a1,enrolled", snapshot="true")


def test_a_preview_changes_nothing_until_it_is_applied(imported, decide, follow):
    item = imported(HEADER, "a1,enrolled", mode="preview")
    assert (item["state"], item["counts"]["create"], statuses()) == ("planned", 1, {})

    applied = follow(decide(item, "apply"))

    assert (applied["id"], applied["state"], statuses()) == (item["id"], "applied", {"a1": "enrolled"})


def test_a_stale_preview_is_refused_with_its_lines(imported, decide, enroll):
    item = imported(HEADER, "a1,enrolled", "a2,enrolled", mode="preview")
    enroll("a2", "ended")

    response = decide(item, "apply")

    assert response.status_code == 409
    assert response.json() == {
        "developer_message": "Rows have changed since they were planned (lines 3); upload the file again.",
        "error_code": "plan_stale",
        "lines": [3],
        "student_keys": [],
    }
    assert statuses() == {"a2": "ended"}


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_preview_is_stale_when_somebody_became_course_staff(imported, decide, enroll_in_run, learner, is_linked):
    rows = [enroll_in_run(key, user=user) for key, user in (("a1", learner if is_linked else None), ("a2", None))]
    lines = [f"{RUN_KEY},{key},inactive,true" for key in ("a1", "a2")]
    item = imported("course_id,student_key,status,course_staff", *lines, kind="course_enrollments", mode="preview")
    if is_linked:
        CourseAccessRole.objects.create(user=learner, course_key=RUN_KEY, role="staff")
    else:
        CourseAccessRoleAssignment.objects.create(enrollment=rows[0], role="staff")

    assert decide(item, "apply").json()["lines"] == [2]


def test_a_mass_change_is_held_until_somebody_else_approves_it(held, decide, make_client, follow):
    assert (held["state"], held["counts"]["drop"], held["scope_active"]) == ("held", 6, 6)
    second_client = make_client("writer", username="dean")

    own = decide(held, "approve")
    item = follow(decide(held, "approve", client=second_client))

    assert (own.status_code, own.json()["error_code"]) == (403, "second_person_needed")
    assert (item["state"], item["decided_by"]) == ("applied", "dean")
    assert statuses() == {"a1": "enrolled"} | {f"old{number}": "canceled" for number in range(6)}


def test_a_held_import_can_be_discarded(held, decide, staff_client):
    own = decide(held, "discard")
    response = decide(held, "discard", client=staff_client)

    assert (own.status_code, own.json()["error_code"]) == (403, "second_person_needed")
    assert (response.status_code, response.json()["state"]) == (200, "discarded")
    assert "a1" not in statuses()


def test_a_preview_can_be_discarded_by_its_own_author(imported, decide):
    item = imported(HEADER, "a1,enrolled", mode="preview")

    assert decide(item, "discard").json()["state"] == "discarded"


def test_a_queued_import_can_be_canceled(send, decide, run):
    item = send(HEADER, "a1,enrolled").json()

    response = decide(item, "cancel")
    run()

    assert (response.status_code, response.json()["state"]) == (202, "canceled")
    assert statuses() == {}


def test_an_import_can_be_undone_after_a_preview(imported, decide, follow, enroll, writer_client):
    enroll("a1", "pending")
    item = imported(HEADER, "a1,enrolled", "a2,enrolled")

    preview = follow(decide(item, "undo", mode="preview"))
    assert (preview["state"], preview["undoes"], preview["file"]) == ("planned", item["id"], None)
    assert statuses() == {"a1": "enrolled", "a2": "enrolled"}

    undo = follow(decide(preview, "apply"))
    undone = writer_client.get(item["links"]["self"]).json()
    assert undo["state"] == "applied"
    assert (undone["state"], undone["undone_by"]) == ("undone", undo["id"])
    assert statuses()["a1"] == "pending"


def test_an_undo_applies_at_once_unless_told_otherwise(imported, decide, follow, enroll):
    enroll("a1", "pending")
    item = imported(HEADER, "a1,enrolled")

    assert follow(decide(item, "undo"))["state"] == "applied"
    assert statuses() == {"a1": "pending"}


@pytest.mark.parametrize("body", [{"mode": "dry"}, {"mode": None}])
def test_an_undo_of_an_unknown_mode_is_refused(imported, decide, body):
    item = imported(HEADER, "a1,enrolled")

    response = decide(item, "undo", **body)

    assert (response.status_code, response.json()["error_code"]) == (400, "invalid_request")


def test_an_import_cannot_be_undone_after_its_time(imported, decide):
    item = imported(HEADER, "a1,enrolled")
    Import.objects.update(finished_at=timezone.now() - timedelta(days=31))

    assert decide(item, "undo").status_code == 409


@pytest.mark.parametrize("decision", ["apply", "approve", "discard", "cancel"])
def test_what_has_ended_is_not_decided_about(imported, decide, staff_client, decision):
    item = imported(HEADER, "a1,enrolled")

    response = decide(item, decision, client=staff_client)

    assert (response.status_code, response.json()["error_code"]) == (409, "import_state_conflict")


@pytest.mark.parametrize("decision", ["approve", "undo"])
def test_a_preview_is_neither_held_nor_applied(imported, decide, decision):
    item = imported(HEADER, "a1,enrolled", mode="preview")

    assert decide(item, decision).status_code == 409


@pytest.mark.parametrize("options", [{"atomic": "true"}, {}])
def test_a_rejected_import_says_why(imported, options):
    item = imported(HEADER, "a1,nonsense", **options)

    assert item["state"] == "rejected"
    assert item["error"]["code"] == ("rows_rejected" if options else "all_rows_rejected")


def test_an_import_of_damaged_utf_8_is_rejected_with_its_lines(writer_client, imports_path, run):
    content = f"{HEADER}\nü1,enrolled\nü2,enrolled".encode().replace("ü2".encode(), b"\xc32")
    response = writer_client.post(imports_path, content, content_type="text/csv")
    run()
    item = writer_client.get(response["Location"]).json()

    assert (item["state"], item["error"]["code"]) == ("rejected", "damaged_utf8")
    assert "line 2 is UTF-8, but line 3 has the byte 0xC3," in item["error"]["message"]
    assert statuses() == {}


@pytest.mark.parametrize("import_id", ["11111111-1111-1111-1111-111111111111", "nonsense", "0"])
@pytest.mark.parametrize("path", ["", "rows/", "results.csv", "rejected.csv"])
def test_an_unknown_import_is_404(writer_client, program, import_id, path):
    response = writer_client.get(f"{BASE}imports/{import_id}/{path}")

    assert (response.status_code, response.json()["error_code"]) == (404, "import_does_not_exist")


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_about_an_unknown_import_is_404(decide, decision):
    assert decide({"id": uuid4()}, decision).status_code == 404


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_reader_decides_nothing(send, decide, reader_client, decision):
    item = send(HEADER, "a1,enrolled").json()

    response = decide(item, decision, client=reader_client)

    assert (response.status_code, response.json()["error_code"]) == (403, "permission_denied")


@pytest.mark.parametrize("path", ["", "rows/", "results.csv", "rejected.csv"])
def test_a_reader_follows_imports(imported, reader_client, path):
    item = imported(HEADER, "a1,enrolled")

    assert reader_client.get(f"{item['links']['self']}{path}").status_code == 200


def test_a_reader_lists_imports_and_uploads_none(reader_client, imports_path, send):
    assert reader_client.get(imports_path).status_code == 200
    assert send(HEADER, client=reader_client).status_code == 403


@pytest.mark.parametrize("path", ["", "rows/", "results.csv", "rejected.csv"])
def test_a_role_on_another_program_opens_nothing(imported, learner, learner_client, path):
    item = imported(HEADER, "a1,enrolled")
    RoleAssignmentFactory(user=learner, role="writer", program_uuid=uuid4())

    assert learner_client.get(f"{item['links']['self']}{path}").status_code == 403


def test_a_learner_does_not_learn_which_imports_there_are(learner_client):
    assert learner_client.get(f"{BASE}imports/{uuid4()}/").status_code == 403


def test_nobody_is_not_told_anything(anonymous_client, imports_path):
    assert anonymous_client.get(imports_path).status_code == 401
    assert anonymous_client.post(imports_path, b"", content_type="text/csv").status_code == 401
    assert anonymous_client.get(f"{BASE}imports/{uuid4()}/rejected.csv").status_code == 401


@pytest.mark.parametrize("path", ["", "rows/", "results.csv", "rejected.csv", "apply/"])
def test_other_methods_are_405(imported, writer_client, path):
    item = imported(HEADER, "a1,enrolled")

    assert writer_client.put(f"{item['links']['self']}{path}").status_code == 405
