"""The buttons of imports in the admin, and who may press them, over HTTP."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from imports.models import Import
from learners.models import User
from program_enrollments.models import ProgramEnrollment
from tests.factories.access import RoleAssignmentFactory
from tests.factories.catalog import OrganizationFactory, ProgramFactory
from tests.factories.learners import StaffFactory

LIST = "/admin/imports/import/"
ADD = f"{LIST}add/"
HEADER = "student_key,status"
NOBODYS = "11111111-1111-4111-8111-111111111111"
ALL_BUTTONS = ["apply", "approve", "discard", "preview_undo", "undo", "cancel"]


@pytest.fixture
def held(upload, enroll):
    for number in range(6):
        enroll(f"old{number}")
    return upload(HEADER, "a1,enrolled", is_snapshot=True)


def page_of(item):
    return f"{LIST}{item.pk}/change/"


def press(client, item, decision, **data):
    return client.post(f"{LIST}{item.pk}/decide/", {"decision": decision} | data, follow=True)


def press_and_confirm(client, item, decision):
    return press(client, item, decision, confirmed="yes")


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def buttons_of(client, item):
    """Return the names of the buttons that the page has."""
    return re.findall('name="decision" value="([a-z_]+)"', client.get(page_of(item)).content.decode())


def state_of(item):
    return Import.objects.get(pk=item.pk).state


def statuses():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


# What is offered


def test_the_plan_is_summed_up_by_outcome(office, held):
    context = office.get(page_of(held)).context

    assert [(label, number) for label, number, _ in context["plan"]] == [
        ("Create", "1"),
        ("Update", "0"),
        ("Unchanged", "0"),
        ("Drop", "6"),
        ("Reject", "0"),
    ]
    assert context["scope"] == (
        "The curricula that occur in the file have 6 active learners; 6 of them are missing from it. "
        "To drop more than the larger of 5 and 10% needs somebody's approval."
    )


@pytest.mark.parametrize(
    ("fields", "buttons"),
    [
        ({"state": "queued"}, ["cancel"]),
        ({"state": "planning"}, ["cancel"]),
        ({"state": "applying"}, ["cancel"]),
        ({"state": "applying", "is_cancel_asked": True}, []),
        ({"state": "planned"}, ["apply", "discard"]),
        ({"state": "planned", "counts": {"reject": 1}, "rows_total": 1}, ["discard"]),
        ({"state": "planned", "counts": {"reject": 1}, "rows_total": 2, "is_atomic": True}, ["discard"]),
        ({"state": "held"}, ["approve", "discard"]),
        ({"state": "failed"}, ["apply"]),
        ({"state": "rejected"}, []),
        ({"state": "canceled"}, []),
        ({"state": "discarded"}, []),
        ({"state": "undone"}, []),
    ],
)
def test_only_what_is_possible_is_offered(office, upload, fields, buttons):
    item = upload(HEADER, run=False)
    Import.objects.update(**fields)

    assert buttons_of(office, item) == buttons


def test_a_preview_of_which_nothing_can_be_applied_says_so(office, upload):
    item = upload(HEADER, "a1,nonsense", mode="preview")

    page = office.get(page_of(item)).content.decode()

    assert "nothing of it can be applied. Correct the file, and upload it again." in page
    assert "Apply it if it is right" not in page


def test_what_was_applied_can_be_undone(office, upload):
    assert buttons_of(office, upload(HEADER, "a1,enrolled")) == ["preview_undo", "undo"]


def test_a_failed_import_can_go_on(office, upload):
    item = upload(HEADER, run=False)
    Import.objects.update(state="failed", error_message="The import failed by a fault of the service.")

    html = office.get(page_of(item)).content.decode()
    assert "The import failed by a fault of the service." in html
    assert "Resume where it stopped" in html
    press_and_confirm(office, item, "apply")
    assert state_of(item) == "queued"


# What the buttons do


def test_a_preview_is_applied_once_it_is_confirmed(office, upload, enroll, run):
    enroll("a2", "pending")
    item = upload(HEADER, "a1,enrolled", "a2,enrolled", "a3,nonsense", mode="preview")

    asked = press(office, item, "apply")

    assert "This creates 1 enrollment and changes 1 enrollment. Left out: 1 rejected row." in asked.content.decode()
    assert "Yes, apply" in asked.content.decode()
    assert state_of(item) == "planned"
    done = press_and_confirm(office, item, "apply")
    assert messages_of(done) == ["The import goes on."]
    run()
    assert (state_of(item), statuses()) == ("applied_with_errors", {"a1": "enrolled", "a2": "enrolled"})


def test_a_stale_preview_is_refused_politely(office, upload, enroll):
    item = upload(HEADER, "a1,enrolled", mode="preview")
    enroll("a1", "ended")

    response = press_and_confirm(office, item, "apply")

    assert messages_of(response) == [
        "Not done: Rows have changed since they were planned (lines 2); upload the file again."
    ]
    assert (state_of(item), statuses()) == ("planned", {"a1": "ended"})


def test_a_held_import_is_approved_once_it_is_confirmed(office, boss, held, run):
    asked = press(office, held, "approve")

    assert "sets 6 learners missing from the file to canceled." in asked.content.decode()
    assert state_of(held) == "held"
    press_and_confirm(office, held, "approve")
    run()
    item = Import.objects.get(pk=held.pk)
    assert (item.state, item.decided_by) == ("applied", boss)
    assert statuses() == {"a1": "enrolled"} | {f"old{number}": "canceled" for number in range(6)}


def test_a_held_import_is_discarded(office, held):
    response = press(office, held, "discard")

    assert messages_of(response) == ["The import is discarded. Nothing was changed."]
    assert state_of(held) == "discarded"


def test_an_import_that_waits_is_canceled(office, upload):
    item = upload(HEADER, run=False)

    response = press(office, item, "cancel")

    assert messages_of(response) == ["The import stops. What has been carried out stands."]
    assert state_of(item) == "canceled"


def test_an_import_that_runs_is_told_to_stop(office, upload):
    item = upload(HEADER, run=False)
    Import.objects.update(state="applying")

    assert "It is being stopped." in press(office, item, "cancel").content.decode()
    assert Import.objects.get().is_cancel_asked


def test_an_import_is_undone_once_it_is_confirmed(office, boss, upload, enroll, run):
    enroll("a1", "pending")
    item = upload(HEADER, "a1,enrolled")

    assert "This puts back every enrollment" in press(office, item, "undo").content.decode()
    assert Import.objects.count() == 1
    response = press_and_confirm(office, item, "undo")

    undo = Import.objects.get(undoes=item)
    assert response.redirect_chain == [(page_of(undo), 302)]
    assert undo.uploaded_by == boss
    run()
    assert (state_of(item), statuses()) == ("undone", {"a1": "pending"})


def test_an_undo_is_previewed_and_the_two_lead_to_each_other(office, upload, enroll, run):
    enroll("a1", "pending")
    item = upload(HEADER, "a1,enrolled")

    press(office, item, "preview_undo")
    run()

    undo = Import.objects.get(undoes=item)
    assert (undo.state, statuses()) == ("planned", {"a1": "enrolled"})
    assert f'<a href="{page_of(item)}">' in office.get(page_of(undo)).content.decode()
    assert f'<a href="{page_of(undo)}">' in office.get(page_of(item)).content.decode()
    press_and_confirm(office, undo, "apply")
    run()
    assert statuses() == {"a1": "pending"}


def test_a_preview_of_an_undo_tells_what_it_deletes(office, upload, enroll, run):
    enroll("a1", "pending")
    item = upload(HEADER, "a1,enrolled", "a2,enrolled", "a3,enrolled")
    press(office, item, "preview_undo")
    run()
    undo = Import.objects.get(undoes=item)

    assert "Enrollments that the import created. They are deleted." in office.get(page_of(undo)).content.decode()
    asked = press(office, undo, "apply").content.decode()
    assert "This puts 1 enrollment back and deletes 2 enrollments that the import created." in asked


@pytest.mark.parametrize("decision", ["apply", "approve", "discard", "preview_undo", "undo", "cancel"])
def test_what_has_moved_on_is_refused_politely(office, upload, decision):
    item = upload(HEADER, run=False)
    Import.objects.update(state="discarded")

    [message] = messages_of(press(office, item, decision))

    assert message.startswith("Not done: ")
    assert state_of(item) == "discarded"


def test_an_unknown_decision_is_not_found(office, upload):
    assert press(office, upload(HEADER, run=False), "delete").status_code == 404


def test_a_decision_is_posted(office, upload):
    item = upload(HEADER, run=False)

    assert office.get(f"{LIST}{item.pk}/decide/", {"decision": "cancel"}).status_code == 405
    assert state_of(item) == "queued"


def test_who_decided_is_in_the_history(office, boss, upload):
    item = upload(HEADER, run=False)

    press(office, item, "cancel")

    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.get_change_message()) == (boss, str(item.pk), "Cancel.")


# Who may


def test_a_clerk_imports_into_the_programs_of_a_role(make_clerk, upload, program):
    other = ProgramFactory()
    item = upload(HEADER, "a1,enrolled", mode="preview")
    client = make_clerk()

    html = client.get(ADD).content.decode()
    assert f'value="{program.uuid}"' in html
    assert f'value="{other.uuid}"' not in html
    assert [row.pk for row in client.get(LIST).context["cl"].result_list] == [item.pk]
    assert buttons_of(client, item) == ["apply", "discard"]
    press(client, item, "discard")
    assert state_of(item) == "discarded"


def test_a_role_on_the_program_is_enough(make_clerk, upload, program):
    item = upload(HEADER, run=False)

    assert buttons_of(make_clerk(program_uuid=program.uuid), item) == ["cancel"]


def test_a_reader_follows_imports_and_changes_nothing(make_clerk, upload):
    item = upload(HEADER, "a1,enrolled", "a2,nonsense")
    client = make_clerk("reader")

    for path in (LIST, page_of(item), f"{LIST}progress/?id={item.pk}"):
        assert client.get(path).status_code == 200
    for path in ("results.csv", "rejected.csv"):
        assert client.get(f"{LIST}{item.pk}/{path}").status_code == 200
    assert buttons_of(client, item) == []
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {}).status_code == 403
    assert ADD not in client.get(LIST).content.decode()


@pytest.mark.parametrize("decision", ALL_BUTTONS)
def test_a_reader_decides_nothing(make_clerk, upload, decision):
    item = upload(HEADER, run=False)

    assert press_and_confirm(make_clerk("reader"), item, decision).status_code == 403
    assert state_of(item) == "queued"


def test_a_clerk_of_another_school_sees_nothing(make_clerk, upload):
    item = upload(HEADER, "a1,enrolled", "a2,nonsense")
    ProgramFactory(organizations=[OrganizationFactory(key="Other")])
    client = make_clerk(organization_key="Other")

    assert list(client.get(LIST).context["cl"].result_list) == []
    assert client.get(LIST, {"q": str(item.program_uuid)}).context["cl"].result_count == 0
    assert client.get(f"{LIST}progress/", {"id": item.pk}).json() == {"imports": []}
    assert client.get(page_of(item)).status_code == 302
    for path in ("results.csv", "rejected.csv"):
        assert client.get(f"{LIST}{item.pk}/{path}").status_code == 404
    for decision in ALL_BUTTONS:
        assert press_and_confirm(client, item, decision).status_code == 404


def test_a_clerk_cannot_upload_into_another_program(make_clerk, program):
    other = ProgramFactory()

    response = make_clerk().post(ADD, {"program": str(other.uuid)})

    assert "Select a valid choice." in str(response.context["adminform"].form.errors["program"])


def test_a_writer_of_one_program_is_no_more_than_a_reader_elsewhere(make_clerk, upload, school):
    item = upload(HEADER, run=False)
    client = make_clerk("reader")
    other = ProgramFactory()
    RoleAssignmentFactory(
        user_id=int(client.session["_auth_user_id"]), user=None, role="writer", program_uuid=other.uuid
    )

    html = client.get(ADD).content.decode()
    assert f'value="{other.uuid}"' in html
    assert f'value="{item.program_uuid}"' not in html
    assert press(client, item, "cancel").status_code == 403


@pytest.mark.parametrize(
    "path", [LIST, ADD, f"{LIST}progress/", f"{LIST}{NOBODYS}/results.csv", f"{LIST}{NOBODYS}/rejected.csv"]
)
def test_staff_without_role_or_permission_see_nothing(client, path):
    client.force_login(StaffFactory())

    assert client.get(path).status_code == 403
    assert LIST not in client.get("/admin/").content.decode()


def give_permission(client, codename):
    permission = Permission.objects.get(content_type__app_label="imports", codename=codename)
    User.objects.get(pk=client.session["_auth_user_id"]).user_permissions.add(permission)


def test_the_permission_to_view_imports_opens_those_of_all_programs(client, upload):
    item = upload(HEADER, run=False)
    client.force_login(StaffFactory())
    give_permission(client, "view_import")

    assert client.get(page_of(item)).status_code == 200
    assert buttons_of(client, item) == []
    assert client.get(ADD).status_code == 403


def test_the_permission_to_add_imports_lets_one_upload_and_decide_everywhere(client, upload):
    item = upload(HEADER, run=False)
    client.force_login(StaffFactory())
    give_permission(client, "add_import")

    assert f'value="{item.program_uuid}"' in client.get(ADD).content.decode()
    press(client, item, "cancel")
    assert state_of(item) == "canceled"


@pytest.mark.parametrize("path", [LIST, ADD, f"{LIST}progress/", f"{LIST}{NOBODYS}/results.csv"])
def test_whoever_is_not_signed_in_is_asked_to(client, path):
    assert client.get(path)["Location"].startswith("/admin/login/")
