"""`imports/{id}/rows/`, `results.csv` and `rejected.csv` (imports page)."""

import csv
import io

import pytest

from program_enrollments.models import ProgramEnrollment
from tests.factories.program_enrollments import ProgramEnrollmentFactory

HEADER = "student_key,status"


@pytest.fixture
def rows(writer_client):
    def rows(item, query=""):
        return writer_client.get(f"{item['links']['rows']}?{query}").json()["results"]

    return rows


@pytest.fixture
def download(writer_client):
    def download(item, name):
        response = writer_client.get(item["links"][name])
        assert response.status_code == 200
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"] == f'attachment; filename="import-{item["id"]}-{name}.csv"'
        return response.getvalue().decode()

    return download


def test_rows_tell_what_they_do_before_and_after(imported, rows, enroll, curriculum):
    enroll("a1", "pending")

    item = imported(HEADER, "a1,enrolled", "a2,nonsense", mode="preview")

    assert rows(item) == [
        {
            "line": 2,
            "student_key": "a1",
            "curriculum_uuid": str(curriculum.uuid),
            "course_id": None,
            "status": "enrolled",
            "course_staff": None,
            "outcome": "update",
            "before": {"status": "pending"},
            "after": {"status": "enrolled"},
            "result": None,
            "error": None,
        },
        {
            "line": 3,
            "student_key": "a2",
            "curriculum_uuid": str(curriculum.uuid),
            "course_id": None,
            "status": "nonsense",
            "course_staff": None,
            "outcome": "reject",
            "before": None,
            "after": None,
            "result": "invalid-status",
            "error": {
                "code": "invalid-status",
                "column": "status",
                "message": "The status is not one of those that can be set.",
                "hint": "Program enrollments can be enrolled, pending, suspended, canceled or ended; course "
                "enrollments can be active or inactive.",
            },
        },
    ]


def test_rows_of_course_runs_tell_their_run(imported, rows, enroll, course_run):
    enroll("a1")

    item = imported(
        "course_id,student_key,status,course_staff", f"{course_run.key},a1,active,yes", kind="course_enrollments"
    )

    (row,) = rows(item)
    assert (row["course_id"], row["course_staff"], row["result"]) == (str(course_run.key), True, "active")
    assert row["after"] == {"status": "active", "course_staff": True}


def test_rows_have_the_contracts_word_once_they_were_applied(imported, rows, enroll):
    enroll("a1")

    item = imported(HEADER, "a1,enrolled", "a2,pending", "a3,enrolled", "a3,enrolled")

    assert [row["result"] for row in rows(item)] == ["enrolled", "pending", "enrolled", "enrolled"]


def test_rows_come_in_pages_in_the_order_of_the_file(imported, writer_client):
    item = imported(HEADER, "z,enrolled", "a,enrolled", "m,enrolled")

    page = writer_client.get(f"{item['links']['rows']}?page_size=2").json()
    last_page = writer_client.get(page["next"]).json()

    assert [row["student_key"] for row in page["results"] + last_page["results"]] == ["z", "a", "m"]
    assert last_page["next"] is None


def test_rows_can_be_filtered_by_outcome(imported, rows, enroll):
    enroll("a1")
    enroll("gone")
    item = imported(HEADER, "a1,enrolled", "a2,enrolled", "a3,nonsense", snapshot="true")

    assert [row["line"] for row in rows(item, "outcome=unchanged&outcome=reject")] == [2, 4]
    assert [(row["line"], row["student_key"]) for row in rows(item, "outcome=drop")] == [(None, "gone")]


def test_an_unknown_outcome_is_refused(imported, writer_client):
    item = imported(HEADER)

    response = writer_client.get(f"{item['links']['rows']}?outcome=lost")

    assert (response.status_code, response.json()["error_code"]) == (400, "invalid_parameter")


@pytest.mark.parametrize("count", [1, 30])
def test_rows_cost_the_same_however_many_there_are(imported, staff_client, django_assert_num_queries, count):
    item = imported(HEADER, *[f"a{number},enrolled" for number in range(count)])

    with django_assert_num_queries(3):  # the import, its program, the rows
        staff_client.get(item["links"]["rows"])


def test_results_have_every_row_in_file_order(imported, download, enroll, curriculum):
    enroll("a1", "pending")
    enroll("gone")

    item = imported(HEADER, "z,enrolled", "a1,enrolled", "=1+1,nonsense", snapshot="true")

    hint = (
        "Program enrollments can be enrolled, pending, suspended, canceled or ended; course enrollments can be "
        "active or inactive."
    )
    header, *lines = csv.reader(io.StringIO(download(item, "results")))
    assert ",".join(header) == (
        "line,student_key,curriculum_uuid,status,outcome,result,status_before,error_code,error_column,error_message,"
        "error_hint"
    )
    assert lines == [
        ["2", "z", str(curriculum.uuid), "enrolled", "create", "enrolled", "", "", "", "", ""],
        ["3", "a1", str(curriculum.uuid), "enrolled", "update", "enrolled", "pending", "", "", "", ""],
        [
            *["4", "'=1+1", str(curriculum.uuid), "nonsense", "reject", "invalid-status", "", "invalid-status"],
            *["status", "The status is not one of those that can be set.", hint],
        ],
        ["", "gone", str(curriculum.uuid), "canceled", "drop", "canceled", "enrolled", "", "", "", ""],
    ]


def test_results_of_course_runs_have_their_columns(imported, download, enroll, course_run):
    enroll("a1")

    item = imported(
        "course_id,student_key,status,course_staff", f"{course_run.key},a1,active,no", kind="course_enrollments"
    )

    header, line = csv.reader(io.StringIO(download(item, "results")))
    assert ",".join(header) == (
        "line,course_id,student_key,status,course_staff,outcome,result,status_before,course_staff_before,error_code,"
        "error_column,error_message,error_hint"
    )
    assert line == ["2", str(course_run.key), "a1", "active", "false", "create", "active", "", "", "", "", "", ""]


def test_rejected_rows_come_as_they_were_uploaded_with_why(imported, download):
    item = imported('Surname;"Student_Key";status', "O'Hara;a1;enrolled", '"Grün; B.";a2;nonsense', "-1;a3;")

    assert download(item, "rejected") == (
        "Surname;Student_Key;status;error_code;error_message\r\n"
        '"Grün; B.";a2;nonsense;invalid-status;The status is not one of those that can be set.\r\n'
        "'-1;a3;;missing_value;The status is missing.\r\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_files_for_excel_begin_with_a_mark(writer_client, imports_path, run, download, encoding):
    content = "Name,student_key,status\nGrün,a1,nonsense\n".encode(encoding)
    response = writer_client.post(imports_path, content, content_type="text/csv")
    run()
    item = writer_client.get(response["Location"]).json()

    assert download(item, "rejected").startswith("\ufeffName,student_key,status,error_code")
    assert download(item, "results").startswith("\ufeffline,student_key")


def test_corrected_rejects_import_as_they_are(imported, download, send, run, writer_client):
    item = imported("Note,student_key,status", '"=SUM(A1)",=a1,nonsense', '"two\nlines",a2,nonsense', "x,a3,enrolled")
    corrected = download(item, "rejected").replace("nonsense", "enrolled")

    again = writer_client.get(send(corrected)["Location"]).json()
    run()
    again = writer_client.get(again["links"]["self"]).json()

    assert (again["state"], again["counts"]["create"]) == ("applied", 2)
    assert set(ProgramEnrollment.objects.values_list("external_user_key", flat=True)) == {"=a1", "a2", "a3"}


def test_rejects_that_are_uploaded_uncorrected_have_their_error_once(imported, download, send, run, writer_client):
    first = download(imported(HEADER, "a1,nonsense"), "rejected")

    response = send(first)
    run()

    assert download(writer_client.get(response["Location"]).json(), "rejected") == first


def test_a_row_with_too_many_cells_keeps_them_behind_its_error(imported, download):
    item = imported(HEADER, "a1,enrolled,extra")

    header, row = csv.reader(io.StringIO(download(item, "rejected")))
    assert (header, row[:3], row[4:]) == (
        ["student_key", "status", "error_code", "error_message"],
        ["a1", "enrolled", "too_many_cells"],
        ["extra"],
    )


def test_a_row_that_is_rejected_only_when_it_is_applied_is_among_the_rejects(imported, decide, run, download, enroll):
    ahead = imported(HEADER, "a1,enrolled", mode="preview", action="update")
    assert ahead["counts"]["reject"] == 1
    enroll("a2")
    item = imported("student_key,status", "a2,ended", "a3,enrolled", action="update")

    assert [line.split(",")[0] for line in download(item, "rejected").splitlines()[1:]] == ["a3"]


def test_rejected_lines_of_ndjson_come_as_columns(writer_client, imports_path, run, download):
    lines = b'{"student_key": 7, "status": "nonsense"}\nno json\n'
    response = writer_client.post(imports_path, lines, content_type="application/x-ndjson")
    run()
    item = writer_client.get(response["Location"]).json()

    header, known, unknown = csv.reader(io.StringIO(download(item, "rejected")))
    assert header == ["student_key", "status", "curriculum_uuid", "record", "error_code", "error_message"]
    assert known[:5] == ["7", "nonsense", "", '{"student_key": 7, "status": "nonsense"}', "invalid-status"]
    assert unknown[:5] == ["", "", "", "no json", "invalid_json"]


def test_rejected_rows_of_an_undo_come_as_columns(imported, decide, run, writer_client, download, curriculum):
    ProgramEnrollmentFactory(
        external_user_key="a1", status="pending", program_uuid=curriculum.program.uuid, curriculum_uuid=curriculum.uuid
    )
    item = imported(HEADER, "a1,enrolled")
    imported(HEADER, "a1,ended")
    response = decide(item, "undo")
    run()
    undo = writer_client.get(response["Location"]).json()

    assert undo["counts"]["reject"] == 1
    assert download(undo, "rejected").splitlines()[1].startswith(f"a1,pending,{curriculum.uuid},changed_since,")


def test_a_file_that_was_refused_has_no_rejected_rows(writer_client, imports_path, run, download):
    response = writer_client.post(imports_path, b"PK\x03\x04", content_type="text/csv")
    run()

    item = writer_client.get(response["Location"]).json()
    assert item["state"] == "rejected"
    assert len(download(item, "rejected").splitlines()) == 1
    assert len(download(item, "results").splitlines()) == 1


@pytest.mark.parametrize("accept", ["text/csv", "*/*", "application/json"])
def test_files_are_sent_whatever_is_accepted(imported, writer_client, accept):
    item = imported(HEADER, "a1,nonsense")

    assert writer_client.get(item["links"]["rejected"], headers={"Accept": accept}).status_code == 200
