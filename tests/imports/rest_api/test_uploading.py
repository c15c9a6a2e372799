"""`programs/{program_uuid}/imports/` (imports page)."""

import errno
import gzip
import os
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from rest_framework.test import APIClient

from access.service import Credentials
from imports.models import Import
from program_enrollments.models import ProgramEnrollment
from tests.factories.access import RoleAssignmentFactory, make_application
from tests.factories.learners import StaffFactory
from tests.imports.rest_api.conftest import BASE

ROSTER = b"student_key,status\na1,enrolled\n"


def roster(content=ROSTER, name="roster.csv"):
    return SimpleUploadedFile(name, content, content_type="text/csv")


def statuses():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


def test_an_upload_is_accepted_and_told(send, program):
    response = send("student_key,status", "a1,enrolled")

    item = Import.objects.get()
    links = f"http://testserver{BASE}imports/{item.pk}/"
    assert response.status_code == 202
    assert response["Location"] == links
    assert response.json() == {
        "id": str(item.pk),
        "program_uuid": str(program.uuid),
        "kind": "program_enrollments",
        "action": "upsert",
        "mode": "apply",
        "atomic": False,
        "snapshot": False,
        "drop_status": None,
        "max_drop": None,
        "scope_active": None,
        "state": "queued",
        "created": item.created.isoformat().replace("+00:00", "Z"),
        "started": None,
        "planned": None,
        "finished": None,
        "progress": {"rows_total": 0, "rows_done": 0, "rows_per_second": None, "place_in_queue": 0},
        "counts": {"create": 0, "update": 0, "unchanged": 0, "drop": 0, "reject": 0},
        "file": {"name": "", "encoding": "", "delimiter": "", "unknown_columns": []},
        "error": None,
        "uploaded_by": "registrar",
        "decided_by": None,
        "undoes": None,
        "undone_by": None,
        "links": {
            "self": links,
            "rows": f"{links}rows/",
            "results": f"{links}results.csv",
            "rejected": f"{links}rejected.csv",
        },
    }


def test_an_import_tells_what_became_of_it(imported):
    item = imported("student_key;status;Surname", "a1;enrolled;Grün", "a2;nonsense;Weiß")

    assert item["state"] == "applied_with_errors"
    assert item["counts"] == {"create": 1, "update": 0, "unchanged": 0, "drop": 0, "reject": 1}
    assert item["progress"] == {"rows_total": 2, "rows_done": 2, "rows_per_second": None, "place_in_queue": None}
    assert item["file"] == {"name": "", "encoding": "utf-8", "delimiter": ";", "unknown_columns": ["Surname"]}
    assert item["finished"] is not None
    assert statuses() == {"a1": "enrolled"}


def test_a_form_is_as_good_as_a_body(writer_client, imports_path, run):
    response = writer_client.post(imports_path, {"file": roster(), "mode": "preview"}, format="multipart")
    run()

    item = writer_client.get(response["Location"]).json()
    assert (item["state"], item["mode"], item["file"]["name"]) == ("planned", "preview", "roster.csv")


def test_a_form_may_have_its_options_in_the_query(writer_client, imports_path):
    response = writer_client.post(f"{imports_path}?mode=preview", {"file": roster()}, format="multipart")

    assert response.json()["mode"] == "preview"


@pytest.mark.parametrize(
    ("content_type", "content", "headers"),
    [
        ("text/csv", gzip.compress(ROSTER, mtime=0), {"Content-Encoding": "gzip"}),
        ("text/csv", gzip.compress(ROSTER, mtime=0), {}),
        ("application/gzip", gzip.compress(ROSTER, mtime=0), {}),
        ("text/csv; charset=utf-8", ROSTER, {}),
        ("application/x-ndjson", b'{"student_key": "a1", "status": "enrolled"}\n', {}),
        ("application/x-ndjson", gzip.compress(b'{"student_key": "a1", "status": "enrolled"}\n', mtime=0), {}),
    ],
)
def test_a_body_may_be_csv_or_ndjson_and_compressed(writer_client, imports_path, run, content_type, content, headers):
    response = writer_client.post(imports_path, content, content_type=content_type, headers=headers)
    run()

    assert writer_client.get(response["Location"]).json()["state"] == "applied"
    assert statuses() == {"a1": "enrolled"}


def test_an_empty_file_is_rejected_by_the_import(writer_client, imports_path, run):
    response = writer_client.post(imports_path, b"", content_type="text/csv")
    run()

    item = writer_client.get(response["Location"]).json()
    assert (item["state"], item["error"]["code"]) == ("rejected", "empty_file")


@pytest.mark.parametrize("slash", ["", "/"])
def test_paths_work_with_and_without_a_slash(writer_client, program_path, slash):
    response = writer_client.post(f"{program_path}imports{slash}", ROSTER, content_type="text/csv")

    assert response.status_code == 202


@pytest.mark.parametrize(
    ("kind", "drop_status", "told"),
    [
        ("program_enrollments", None, "canceled"),
        ("program_enrollments", "ended", "ended"),
        ("program_enrollments", "suspended", "suspended"),
        ("course_enrollments", None, "inactive"),
        ("course_enrollments", "inactive", "inactive"),
    ],
)
def test_a_snapshot_drops_with_the_status_of_its_kind(send, kind, drop_status, told):
    options = {"drop_status": drop_status} if drop_status else {}

    item = send("student_key,status", kind=kind, snapshot="true", max_drop=3, **options).json()

    assert (item["snapshot"], item["drop_status"], item["max_drop"]) == (True, told, 3)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"kind": "learners"}, "kind"),
        ({"action": "delete"}, "action"),
        ({"mode": "dry"}, "mode"),
        ({"atomic": "perhaps"}, "atomic"),
        ({"snapshot": ""}, "snapshot"),
        ({"snapshot": "true", "drop_status": "enrolled"}, "drop_status"),
        ({"snapshot": "true", "drop_status": "inactive"}, "drop_status"),
        ({"snapshot": "true", "kind": "course_enrollments", "drop_status": "canceled"}, "drop_status"),
        ({"drop_status": "canceled"}, "drop_status"),
        ({"max_drop": "5"}, "max_drop"),
        ({"snapshot": "true", "max_drop": "-1"}, "max_drop"),
        ({"snapshot": "true", "max_drop": "99999999999"}, "max_drop"),
        ({"snapshot": "true", "max_drop": "10%25"}, "max_drop"),
        ({"dry_run": "true"}, "dry_run"),
    ],
)
def test_an_impossible_option_is_named(send, options, name):
    response = send("student_key,status", **options)

    assert response.status_code == 400
    assert response.json()["error_code"] == "invalid_option"
    assert f"Option {name}:" in response.json()["developer_message"]
    assert not Import.objects.exists()


def test_an_option_that_is_given_twice_is_refused(writer_client, imports_path):
    response = writer_client.post(
        f"{imports_path}?mode=preview", {"file": roster(), "mode": "apply"}, format="multipart"
    )

    assert (response.status_code, response.json()["error_code"]) == (400, "invalid_option")
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"file": "student_key,status"},
        {"roster": roster()},
        {"file": roster(), "more": roster()},
        {"file": [roster(), roster()]},
    ],
)
def test_a_form_without_one_file_is_refused(writer_client, imports_path, form):
    response = writer_client.post(imports_path, form, format="multipart")

    assert (response.status_code, response.json()["error_code"]) == (400, "no_file")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_another_media_type_is_refused(writer_client, imports_path, content_type):
    response = writer_client.generic("POST", imports_path, ROSTER, content_type=content_type)

    assert (response.status_code, response.json()["error_code"]) == (415, "unsupported_media_type")


def test_another_compression_is_refused(writer_client, imports_path):
    response = writer_client.post(imports_path, ROSTER, content_type="text/csv", headers={"Content-Encoding": "br"})

    assert (response.status_code, response.json()["error_code"]) == (415, "unsupported_content_encoding")


@pytest.mark.parametrize("size", [100_000, 100_001])
def test_a_body_has_at_most_so_many_bytes(writer_client, imports_path, settings, size):
    settings.IMPORT_MAX_BYTES = 100_000

    response = writer_client.post(imports_path, b"a" * size, content_type="text/csv")

    assert response.status_code == (202 if size == 100_000 else 413)


@pytest.mark.parametrize("size", [100_000, 100_001, 1_000_000])
def test_the_file_of_a_form_has_at_most_so_many_bytes(writer_client, imports_path, settings, size):
    settings.IMPORT_MAX_BYTES = 100_000

    response = writer_client.post(imports_path, {"file": roster(b"a" * size)}, format="multipart")

    assert response.status_code == (202 if size == 100_000 else 413)


def test_a_file_that_is_too_large_is_not_stored(writer_client, imports_path, settings):
    settings.IMPORT_MAX_BYTES = 10

    response = writer_client.post(imports_path, ROSTER, content_type="text/csv")

    assert response.json() == {
        "developer_message": "A file may have at most 10 bytes. Compress it with gzip, or send it in parts.",
        "error_code": "file_too_large",
    }
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/csv", ROSTER),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="r.csv"\r\n\r\n' + ROSTER,
        ),
    ],
)
def test_half_a_body_is_not_imported(writer_client, imports_path, content_type, content):
    environ = {"wsgi.input": BytesIO(content), "CONTENT_LENGTH": str(len(content) + 1)}

    response = writer_client.generic("POST", imports_path, content_type=content_type, **environ)

    assert (response.status_code, response.json()["error_code"]) == (400, "body_cut_off")
    assert not Import.objects.exists()


@pytest.mark.parametrize(("limit", "status"), [(1_000, 202), (10, 413)])
def test_a_body_in_chunks_is_read_to_its_end(writer_client, imports_path, settings, limit, status):
    settings.IMPORT_MAX_BYTES = limit
    environ = {"wsgi.input": BytesIO(ROSTER), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}

    response = writer_client.generic(
        "POST", imports_path, content_type="text/csv", headers={"Transfer-Encoding": "chunked"}, **environ
    )

    assert response.status_code == status


@pytest.mark.parametrize("content_type", ["text/csv", "multipart/form-data; boundary=b"])
def test_chunks_that_cannot_be_read_ask_for_a_length(writer_client, imports_path, content_type):
    response = writer_client.generic(
        "POST", imports_path, content_type=content_type, headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH=""
    )

    assert (response.status_code, response.json()["error_code"]) == (411, "length_required")


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_a_session_sends_its_csrf_token_as_a_header_or_in_the_form(imports_path, settings, size):
    settings.IMPORT_MAX_BYTES = 1_000
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(StaffFactory())
    client.cookies["csrftoken"] = token = "a" * 32
    content = ROSTER.ljust(size)

    without = client.post(imports_path, {"file": roster(content)}, format="multipart")
    by_header = client.post(imports_path, {"file": roster(content)}, format="multipart", headers={"X-CSRFToken": token})
    in_form = client.post(imports_path, {"csrfmiddlewaretoken": token, "file": roster(content)}, format="multipart")

    fits = size < 1_000
    assert without.status_code == (403 if fits else 413)
    assert by_header.status_code == (202 if fits else 413)
    assert in_form.status_code == (202 if fits else 413)


def test_the_list_has_the_latest_import_first(send, writer_client, imports_path):
    ids = [send("student_key,status").json()["id"] for _ in range(3)]

    page = writer_client.get(f"{imports_path}?page_size=2").json()
    last_page = writer_client.get(page["next"]).json()

    assert [item["id"] for item in page["results"] + last_page["results"]] == ids[::-1]
    assert [item["progress"]["place_in_queue"] for item in page["results"]] == [2, 1]
    assert last_page["next"] is None


def test_the_list_is_of_one_program(send, staff_client, imports_path):
    send("student_key,status")
    other = Import.objects.get()
    other.pk = None
    other.program_uuid = "11111111-1111-1111-1111-111111111111"
    other.save(force_insert=True)

    assert len(staff_client.get(imports_path).json()["results"]) == 1


@pytest.mark.parametrize("cursor", ["nonsense", "cD1ub25zZW5zZQ==", "cD0yMDI2LTEzLTQ1VDAwOjAwOjAw", "cD0yMDI2LTExLTIz"])
def test_a_bad_cursor_is_404(writer_client, imports_path, cursor):
    assert writer_client.get(f"{imports_path}?cursor={cursor}").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_long_it_is(send, staff_client, imports_path, count, django_assert_num_queries):
    for _ in range(count):
        send("student_key,status")

    with django_assert_num_queries(2):  # the program with its organizations, the imports
        staff_client.get(imports_path)


def test_the_same_upload_under_the_same_key_is_imported_once(writer_client, imports_path):
    def send(content=ROSTER, **options):
        return writer_client.post(
            imports_path, {"file": roster(content), **options}, format="multipart", headers={"Idempotency-Key": "k"}
        )

    first, again = send(), send()
    other_file, other_options = send(ROSTER + b"a2,enrolled\n"), send(mode="preview")

    assert (first.status_code, again.status_code) == (202, 202)
    assert (again.json()["id"], again["Location"]) == (first.json()["id"], first["Location"])
    assert again["Idempotency-Replayed"] == "true"
    assert (other_file.status_code, other_options.status_code) == (422, 422)
    assert Import.objects.count() == 1


def test_an_import_remembers_the_request_that_made_it(send):
    response = send("student_key,status")

    assert Import.objects.get().request_id == response["X-Request-ID"]


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [
        (["imports:write"], 200, 202),
        (["enrollments:read"], 200, 403),
        (["enrollments:write", "grades:read"], 403, 403),
    ],
)
def test_a_token_needs_the_scope_of_imports(program, imports_path, scopes, read, write):
    application = make_application(*scopes)
    RoleAssignmentFactory(user=application.user, role="writer", program_uuid=program.uuid)
    client = APIClient()
    credentials = Credentials(scopes=frozenset(scopes), application=application)
    client.force_authenticate(application.user, credentials)  # type: ignore[arg-type]  # the stubs know tokens only

    assert client.get(imports_path).status_code == read
    assert client.post(imports_path, ROSTER, content_type="text/csv").status_code == write


# Lack of space


class FullStorage(FileSystemStorage):
    """Takes half of a file."""

    def _save(self, name, content):
        path = Path(self.path(name))
        path.parent.mkdir(parents=True)
        path.write_bytes(content.read(content.size // 2))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def assert_told_that_there_is_no_space(response):
    assert (response.status_code, response["Retry-After"]) == (503, "300")
    assert response.json() == {
        "developer_message": "The service has no space left; nothing was imported. Send the file again later.",
        "error_code": "storage_full",
    }
    assert not Import.objects.exists()


def stored_files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "again"}])
def test_a_full_file_storage_is_told_and_leaves_nothing_behind(
    writer_client, imports_path, settings, tmp_path, headers
):
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": f"{__name__}.FullStorage"}}
    response = writer_client.post(imports_path, ROSTER, content_type="text/csv", headers=headers)
    assert_told_that_there_is_no_space(response)
    assert stored_files(tmp_path) == []


@pytest.fixture
def _full_temporary_folder(monkeypatch):
    with ExitStack() as stack:

        def open_full_file(*args, **kwargs):
            return stack.enter_context(Path("/dev/full").open("r+b", buffering=0))

        for name in ("tempfile.TemporaryFile", "django.core.files.uploadedfile.tempfile.NamedTemporaryFile"):
            monkeypatch.setattr(name, open_full_file)
        yield


@pytest.mark.usefixtures("_full_temporary_folder")
@pytest.mark.parametrize("is_form", [True, False])
def test_a_full_disk_for_temporary_files_is_told(writer_client, imports_path, is_form):
    if is_form:
        response = writer_client.post(imports_path, {"file": roster()}, format="multipart")
    else:
        response = writer_client.post(imports_path, ROSTER, content_type="text/csv")
    assert_told_that_there_is_no_space(response)


def test_a_full_database_is_told_and_no_file_is_left(writer_client, imports_path, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON imports_import FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        )
    response = writer_client.post(imports_path, ROSTER, content_type="text/csv")
    assert_told_that_there_is_no_space(response)
    assert stored_files(tmp_path) == []
