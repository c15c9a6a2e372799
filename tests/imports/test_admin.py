"""The admin of imports, over HTTP."""

import csv
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from imports.models import Import
from tests.factories.catalog import ProgramFactory
from tests.factories.learners import StaffFactory

LIST = "/admin/imports/import/"
ADD = f"{LIST}add/"
HEADER = "student_key,status"
ROSTER = b"student_key,status\na1,enrolled\n"


@pytest.fixture
def form(program):
    """The upload form as a browser sends it."""

    def form(content=ROSTER, **changes):
        return {
            "program": str(program.uuid),
            "file": SimpleUploadedFile("roster.csv", content, content_type="text/csv"),
            "kind": "program_enrollments",
            "mode": "apply",
            "action": "upsert",
            "max_drop": "",
            "drop_status": "",
        } | changes

    return form


def page_of(item):
    return f"{LIST}{item.pk}/change/"


def read(client, path, **query):
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def errors_of(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def listed(client, **query):
    response = client.get(LIST, query)
    assert response.status_code == 200
    return {item.pk for item in response.context["cl"].result_list}


# The list


def test_the_list_shows_program_state_and_progress(office, program, upload):
    item = upload(HEADER, "a1,enrolled", "a2,nonsense", file_name="roster.csv")

    html = read(office, LIST)

    assert f'<a href="{page_of(item)}">{program.title}</a>' in html
    assert f'<span class="import-state" data-import="{item.pk}">Applied with errors</span>' in html
    assert '<progress aria-label="Rows carried out" value="2" max="2"></progress>' in html
    assert '<span class="import-rows">2 of 2 rows</span>' in html
    assert f'data-import="{item.pk}" data-running' not in html


def test_an_import_that_waits_is_followed_by_the_script(office, upload):
    upload(HEADER, run=False)
    item = upload(HEADER, run=False)

    html = read(office, LIST)

    assert f'data-import="{item.pk}" data-running' in html
    assert "waits for 1 import before it" in html
    assert 'data-url="/admin/imports/import/progress/"' in html


@pytest.mark.parametrize("rows", [1, 5])
def test_the_cost_of_the_list_does_not_grow(office, upload, rows, django_assert_num_queries):
    for _ in range(rows):
        item = upload(HEADER, run=False)
        Import.objects.filter(pk=item.pk).update(program_uuid=ProgramFactory().uuid, uploaded_by=StaffFactory())
    with django_assert_num_queries(5):  # session, account, count, imports, catalog
        office.get(LIST)


def test_the_cost_of_the_list_does_not_grow_with_roles(make_clerk, upload, django_assert_num_queries):
    clerk_client = make_clerk()
    for _ in range(3):
        upload(HEADER, run=False)
    with django_assert_num_queries(9):  # and roles, their programs, two for permissions of the other pages
        clerk_client.get(LIST)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"q": "{title}"}, True),
        ({"q": "{program}"}, True),
        ({"q": "of physics"}, False),
        ({"q": "%"}, False),
        ({"state__exact": "queued"}, True),
        ({"state__exact": "held"}, False),
        ({"kind__exact": "program_enrollments"}, True),
        ({"kind__exact": "course_enrollments"}, False),
    ],
)
def test_imports_are_searched_and_filtered(office, program, upload, query, is_found):
    item = upload(HEADER, run=False)

    found = listed(
        office,
        **{name: text.format(program=program.uuid, title=program.title[1:].upper()) for name, text in query.items()},
    )

    assert found == ({item.pk} if is_found else set())


def test_a_program_that_left_the_catalog_is_shown_by_its_uuid(office, upload):
    item = upload(HEADER, run=False)
    Import.objects.update(program_uuid=uuid4())
    item.refresh_from_db()

    assert f"{item.program_uuid} (not in the catalog)" in read(office, LIST)
    assert f"{item.program_uuid} (not in the catalog)" in read(office, page_of(item))


# Progress


def test_the_script_is_told_how_far_an_import_is(office, upload):
    item = upload(HEADER, "a1,enrolled", run=False)
    Import.objects.update(
        state="applying", rows_total=2_000, rows_done=1_000, planned_at=timezone.now() - timedelta(seconds=2)
    )

    [told] = office.get(f"{LIST}progress/", {"id": [item.pk, "nonsense", uuid4()]}).json()["imports"]

    assert told.pop("sentence").startswith("1,000 of 2,000 rows, ")
    assert told == {
        "id": str(item.pk),
        "state": "applying",
        "state_label": "Applying",
        "is_running": True,
        "rows_total": 2_000,
        "rows_done": 1_000,
    }


@pytest.mark.parametrize(
    ("fields", "sentence", "is_running"),
    [
        ({"state": "queued"}, "is next", True),
        ({"state": "planning", "rows_total": 5000}, "5,000 rows read", True),
        ({"state": "planned", "rows_total": 1}, "1 row planned", False),
        ({"state": "applied", "rows_total": 3, "rows_done": 3}, "3 of 3 rows", False),
    ],
)
def test_progress_is_told_in_words(office, upload, fields, sentence, is_running):
    item = upload(HEADER, run=False)
    Import.objects.update(**fields)

    [told] = office.get(f"{LIST}progress/", {"id": item.pk}).json()["imports"]

    assert (told["sentence"], told["is_running"]) == (sentence, is_running)


def test_progress_costs_the_same_for_many(office, upload, django_assert_num_queries):
    ids = [upload(HEADER, run=False).pk for _ in range(3)]
    with django_assert_num_queries(3):  # session, account, imports
        assert len(office.get(f"{LIST}progress/", {"id": ids}).json()["imports"]) == 3


# Uploading


def test_a_file_is_uploaded_with_its_options(office, boss, program, form, run):
    options = {"snapshot": "on", "drop_status": "ended", "max_drop": "7", "atomic": "on", "mode": "preview"}

    response = office.post(ADD, form(action="update", **options), headers={"X-Request-ID": "from-a-clerk"})

    item = Import.objects.get()
    assert (response.status_code, response["Location"]) == (302, page_of(item))
    assert (item.program_uuid, item.uploaded_by, item.request_id) == (program.uuid, boss, "from-a-clerk")
    assert (item.kind, item.action, item.mode, item.file_name) == (
        "program_enrollments",
        "update",
        "preview",
        "roster.csv",
    )
    assert (item.is_snapshot, item.drop_status, item.max_drop, item.is_atomic) == (True, "ended", 7, True)
    with item.file.open("rb") as file:
        assert file.read() == ROSTER
    assert LogEntry.objects.get().get_change_message() == "Uploaded."
    run()
    item.refresh_from_db()
    assert item.state == "planned"


def test_the_form_offers_a_preview_first(office, program):
    html = read(office, ADD, program=str(program.uuid))

    assert re.search('<input type="radio" name="mode" value="preview" [^>]*checked', html)
    assert f'<option value="{program.uuid}" selected>{program.title} (UCDavis)</option>' in html


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"program": ""}, "program", "This field is required."),
        ({"program": "{other}"}, "program", "Select a valid choice."),
        ({"program": "\0"}, "program", "Select a valid choice."),
        ({"file": ""}, "file", "Choose a file."),
        ({"kind": "grades"}, "kind", "Select a valid choice."),
        ({"mode": "x"}, "mode", "Select a valid choice."),
        ({"action": "delete"}, "action", "Select a valid choice."),
        ({"drop_status": "ended"}, "drop_status", "Only a snapshot drops learners."),
        ({"max_drop": "3"}, "max_drop", "Only a snapshot drops learners."),
        ({"snapshot": "on", "max_drop": "-1"}, "max_drop", "greater than or equal to 0"),
        ({"snapshot": "on", "max_drop": "3000000000"}, "max_drop", "less than or equal to 2147483647"),
        ({"snapshot": "on", "drop_status": "inactive"}, "drop_status", "one of canceled, ended, suspended"),
        ({"snapshot": "on", "drop_status": "nonsense"}, "drop_status", "Select a valid choice."),
    ],
)
def test_an_error_stands_beside_its_field(office, form, changes, field, message):
    changes = {name: value.format(other=uuid4()) for name, value in changes.items()}

    errors = errors_of(office.post(ADD, form(**changes)))

    assert list(errors) == [field]
    assert message in str(errors[field])
    assert not Import.objects.exists()


def test_an_odd_content_type_does_no_harm(office, form):
    file = SimpleUploadedFile("roster.csv", ROSTER, content_type="text/csv\0" + 200 * "x")

    assert office.post(ADD, form(file=file)).status_code == 302


def test_a_file_may_be_as_large_as_the_setting_says(office, form, settings):
    settings.IMPORT_MAX_BYTES = len(ROSTER)

    assert office.post(ADD, form()).status_code == 302


def test_a_file_that_is_too_large_is_told_and_the_rest_of_the_form_kept(office, program, form, settings):
    settings.IMPORT_MAX_BYTES = 1_000

    response = office.post(ADD, form(b"x" * 1_001, mode="apply"))

    assert "The file is too large: at most 0.001 MB." in str(errors_of(response)["file"])
    assert list(errors_of(response)) == ["file"]
    assert f'<option value="{program.uuid}" selected>' in response.content.decode()
    assert not Import.objects.exists()


def test_several_files_are_too_large_together(office, form, settings):
    settings.IMPORT_MAX_BYTES = 1_000
    extra = {f"more{number}": SimpleUploadedFile("more.csv", b"x" * 600) for number in range(2)}

    assert "too large" in str(errors_of(office.post(ADD, extra | form()))["file"])


def test_a_form_beyond_all_bounds_is_not_read(office, form, settings):
    settings.IMPORT_MAX_BYTES = 1_000

    assert office.post(ADD, form(b"x" * 800_000)).status_code == 400


def test_a_form_that_is_cut_off_imports_nothing(office, form):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="program"\r\n\r\nx\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nstudent_key,sta'
    )

    environ = {
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body) + 1),
        "CONTENT_TYPE": "multipart/form-data; boundary=b",
    }
    response = office.generic("POST", ADD, **environ)

    assert response.status_code == 400
    assert not Import.objects.exists()


def test_a_full_disk_is_told(office, form, monkeypatch):
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", lambda *args, **kwargs: full)
        response = office.post(ADD, form(), follow=True)

    assert messages_of(response) == [
        "The service has no space left; nothing was uploaded. Tell the operator, and upload the file again later."
    ]
    assert not Import.objects.exists()


def test_the_token_against_forged_forms_is_needed(boss, form, upload):
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)
    item = upload(HEADER, run=False)

    assert client.post(ADD, form()).status_code == 403
    assert client.post(f"{LIST}{item.pk}/decide/", {"decision": "cancel"}).status_code == 403
    token = client.get(ADD).cookies["csrftoken"].value
    assert client.post(ADD, form(csrfmiddlewaretoken=token)).status_code == 302


# One import


def test_the_page_tells_what_became_of_the_file(office, boss, upload):
    item = upload(
        "student_key;status;Surname", "a1;enrolled;x", "a2;nonsense;x", file_name="autumn.csv", uploaded_by=boss
    )

    html = read(office, page_of(item))

    facts = dict(office.get(page_of(item)).context["facts"])
    assert (facts["File"], facts["Encoding"], facts["Delimiter"]) == ("autumn.csv", "utf-8", "semicolon")
    assert facts["Columns that are ignored"] == "Surname"
    assert facts["Uploaded"].endswith(" by boss")
    assert "The rows were carried out, except for the rejected ones." in html
    assert "<code>invalid-status</code>" in html
    assert "The status is not one of those that can be set." in html
    assert '<td class="import-number">3</td>' in html
    assert "<style" not in html
    assert "style=" not in html


def test_no_more_than_a_hundred_rejected_rows_are_shown(office, upload):
    item = upload(HEADER, "a0,enrolled", *(f"a{number},nonsense" for number in range(1, 131)))

    response = office.get(page_of(item))

    assert len(response.context["rejected"]) == 100
    assert "The first 100 of 130 rejected rows." in response.content.decode()


def test_rejected_rows_of_course_enrollments_name_the_course_run(office, upload):
    item = upload("course_id,student_key,status", "TOY-9,a1,active", kind="course_enrollments")

    html = read(office, page_of(item))

    assert '<th scope="col">Course run</th>' in html
    assert "<code>course_not_in_program</code>" in html


def test_markup_in_a_file_is_not_run(office, upload):
    item = upload(f"{HEADER},<script>column", "<script>key,<script>status,x", file_name="<script>name")

    assert "<script>column" not in read(office, page_of(item))
    assert "<script>key" not in read(office, page_of(item))
    assert "<script>status" not in read(office, page_of(item))
    assert "<script>name" not in read(office, page_of(item))


def test_a_file_that_cannot_be_read_is_told(office, upload):
    item = upload("name,grade", "a,1")

    html = read(office, page_of(item))

    assert "Nothing was changed." in html
    item.refresh_from_db()
    assert item.error_message


@pytest.mark.parametrize("rows", [1, 20])
def test_the_cost_of_a_page_does_not_grow(office, upload, rows, django_assert_num_queries):
    item = upload(HEADER, "a0,enrolled", *(f"a{number},nonsense" for number in range(1, rows + 1)))
    with django_assert_num_queries(6):  # session, account, import, catalog, rejected rows, its undo
        office.get(page_of(item))


@pytest.mark.parametrize("path", ["nonsense/change/", "{uuid}/change/"])
def test_an_import_that_is_gone_leads_back_to_the_list(office, path):
    response = office.get(f"{LIST}{path.format(uuid=uuid4())}", follow=True)

    assert messages_of(response) == [
        "This import does not exist or has been deleted. Imports are kept for 30 days.",
    ]


@pytest.mark.parametrize("path", ["decide/", "results.csv", "rejected.csv"])
def test_what_is_gone_is_not_found(office, path):
    url = f"{LIST}{uuid4()}/{path}"

    assert (office.post(url) if path == "decide/" else office.get(url)).status_code == 404


def test_results_and_rejected_rows_are_downloaded(office, upload):
    item = upload(HEADER, "a1,enrolled", "a2,nonsense")

    results = office.get(f"{LIST}{item.pk}/results.csv")
    rejected = office.get(f"{LIST}{item.pk}/rejected.csv")

    assert results.streaming
    assert results["Content-Disposition"] == f'attachment; filename="import-{item.pk}-results.csv"'
    assert results["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["result"] for row in csv.DictReader(results.getvalue().decode().splitlines())] == [
        "enrolled",
        "invalid-status",
    ]
    assert rejected["Content-Disposition"] == f'attachment; filename="import-{item.pk}-rejected.csv"'
    assert [row["student_key"] for row in csv.DictReader(rejected.getvalue().decode().splitlines())] == ["a2"]


# Nothing by hand


def test_nothing_is_edited_or_deleted_by_hand(office, upload):
    item = upload(HEADER, run=False)

    assert office.post(page_of(item), {"state": "applied"}).status_code == 403
    assert office.post(f"{LIST}{item.pk}/delete/", {"post": "yes"}).status_code == 403
    assert office.post(LIST, {"action": "delete_selected", "_selected_action": [item.pk]}).status_code in {200, 302}
    assert Import.objects.get().state == "queued"
    assert office.get(f"{LIST}{item.pk}/history/").status_code == 200
