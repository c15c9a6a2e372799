"""Uploads (registrar page, section 9), and the files that tell what became of them (section 5)."""

import csv
import errno
import io
import threading

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from rest_framework.test import APIClient
from waffle.testutils import override_flag

from imports.models import Import
from imports.service import cancel_import, prune_imports
from learners.models import CourseAccessRole
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from registrar.models import Job
from registrar.pruning import prune_jobs
from tests.factories.catalog import CourseRunFactory, CurriculumFactory
from tests.factories.learners import UserFactory
from tests.registrar.conftest import API, fetch, send_file

HEADER = "student_key,status"
COURSE_HEADER = "course_id,student_key,status"
MISSING = "Required fields are"


@pytest.fixture
def path(program_path):
    return f"{program_path}/enrollments/upload/"


@pytest.fixture
def course_path(program_path):
    return f"{program_path}/course_enrollments/upload"


def standing():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


def standing_in_runs():
    return set(
        ProgramCourseEnrollment.objects.values_list("program_enrollment__external_user_key", "course_key", "status")
    )


def refusal(response):
    assert response.status_code == 400, response.content
    assert not Job.objects.exists()
    (message,) = response.json()
    return message


def test_a_roster_is_imported_and_each_student_told(writer, path, upload, enroll, curriculum):
    enroll("b", "pending")

    job, lines = upload(writer, path, HEADER, "c,enrolled", "b,ended", "a,nonsense")

    assert lines == [HEADER, "a,invalid-status", "b,ended", "c,enrolled"]
    assert {name: job[name] for name in ("name", "state", "text", "error")} == {
        "name": "masters-in-cs:write:write_program_enrollments",
        "state": "Succeeded",
        "text": "207",
        "error": None,
    }
    assert standing() == {"b": "ended", "c": "enrolled"}
    assert set(ProgramEnrollment.objects.values_list("curriculum_uuid", flat=True)) == {curriculum.uuid}


def test_the_job_waits_in_the_list_and_is_an_import(writer, path, program):
    started = send_file(writer, path, b"student_key,status\na,enrolled\n")

    assert started.status_code == 202
    job_id = started.json()["job_id"]
    assert started.json()["job_url"] == f"http://testserver{API}jobs/{job_id}"
    (job,) = writer.get(f"{API}jobs").json()
    assert (job["job_id"], job["state"], job["result"], job["text"]) == (job_id, "Pending", None, None)
    item = Import.objects.get(pk=job_id)
    assert (item.program_uuid, item.action, item.kind) == (program.uuid, "upsert", "program_enrollments")
    assert item.uploaded_by == writer.user


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("queued", "Pending"),
        ("planning", "In Progress"),
        ("applying", "In Progress"),
        ("failed", "Failed"),
        ("rejected", "Failed"),
        ("canceled", "Canceled"),
    ],
)
def test_the_states_of_imports_in_registrars_words(writer, path, state, told):
    job_id = send_file(writer, path, b"student_key,status\na,enrolled\n").json()["job_id"]
    Import.objects.update(state=state, error_message="Why." if told == "Failed" else "")

    job, _ = fetch(writer, job_id)

    assert (job["state"], job["result"], job["text"]) == (told, None, None)
    assert job["error"] == ("Why." if told == "Failed" else None)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (["a,enrolled"], "200"),
        (["a,enrolled", "b,nonsense"], "207"),
        (["a,nonsense"], "422"),
        (["a,enrolled", "a,enrolled"], "422"),
        ([], "204"),
        (["", ""], "204"),
    ],
)
def test_the_text_sums_up(writer, path, upload, rows, text):
    job, _ = upload(writer, path, HEADER, *rows)

    assert (job["state"], job["text"]) == ("Succeeded", text)


def test_rows_that_the_rules_refuse_sum_up_too(writer, course_path, upload):
    job, lines = upload(writer, course_path, COURSE_HEADER, "TOY-1,nobody,active")

    assert (job["state"], job["text"]) == ("Succeeded", "422")
    assert lines == [COURSE_HEADER, "TOY-1,nobody,not-in-program"]


def test_students_that_come_twice_are_duplicated_even_if_identical(writer, path, upload):
    _, lines = upload(writer, path, HEADER, "b,enrolled", "a,enrolled", "b,enrolled", "c,enrolled", "c,pending")

    assert lines == [HEADER, "a,enrolled", "b,duplicated", "c,duplicated"]
    assert standing() == {"a": "enrolled"}


def test_a_course_file_is_told_course_by_course(writer, course_path, upload, enroll, course):
    other = CourseRunFactory(course=course, key="course-v1:edX+ToyX+2027")
    for key in ("a", "b"):
        enroll(key)

    job, lines = upload(
        writer,
        course_path,
        COURSE_HEADER,
        f"{other.key},b,active",
        "TOY-1,b,inactive",
        "nowhere,z,active",
        f"{other.key},a,active",
        "TOY-1,a,active",
        "nowhere,y,nonsense",
        "nowhere,y,active",
        "TOY-1,c,active",
        "TOY-1,d,nonsense",
    )

    assert lines == [
        COURSE_HEADER,
        f"{other.key},a,active",
        f"{other.key},b,active",
        "TOY-1,a,active",
        "TOY-1,b,inactive",
        "TOY-1,c,not-in-program",
        "TOY-1,d,invalid-status",
        "nowhere,z,course-not-found",
        "nowhere,y,course-not-found",
        "nowhere,y,course-not-found",
    ]
    assert job["name"] == "masters-in-cs:write:write_course_run_enrollments"
    assert job["text"] == "207"
    assert standing_in_runs() == {
        ("a", other.key, "active"),
        ("b", other.key, "active"),
        ("a", course.runs.first().key, "active"),
        ("b", course.runs.first().key, "inactive"),
    }


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("x" * 256, "x" * 256),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\nb", "a\nb"),
        ("a\rb", "a\rb"),
    ],
)
def test_a_key_that_nothing_can_store_fails_alone(writer, path, work, key, told):
    content = f'student_key,status\n"{key}",enrolled\nz,enrolled\n'.encode("utf-16", "surrogatepass")

    job_id = send_file(writer, path, content).json()["job_id"]
    work()

    job, result = fetch(writer, job_id)
    assert list(csv.reader(io.StringIO(result, newline=""))) == [
        ["student_key", "status"],
        [told, "internal-error"],
        ["z", "enrolled"],
    ]
    assert job["text"] == "207"
    assert standing() == {"z": "enrolled"}


def test_a_key_that_nothing_can_store_is_duplicated_if_it_comes_twice(writer, path, upload):
    _, lines = upload(writer, path, HEADER, "a\0b,enrolled", "a\0b,pending")

    assert lines == [HEADER, "a\N{REPLACEMENT CHARACTER}b,duplicated"]


def test_statuses_and_courses_of_any_length_are_told_row_by_row(writer, course_path, upload, enroll):
    enroll("a")

    _, lines = upload(
        writer, course_path, COURSE_HEADER, f"TOY-1,b,{'x' * 256}", f"{'y' * 256},a,active", "TOY-1,a,active"
    )

    assert lines[1:] == ["TOY-1,a,active", "TOY-1,b,invalid-status", f"{'y' * 256},a,course-not-found"]


def test_both_keys_of_a_run_are_one_course(writer, course_path, upload, enroll, course_run):
    for key in ("a", "b"):
        enroll(key)

    _, lines = upload(
        writer,
        course_path,
        COURSE_HEADER,
        "TOY-1,a,active",
        f"{course_run.key},a,inactive",
        f"{course_run.key},b,active",
    )

    assert lines[1:] == ["TOY-1,a,duplicated", f"{course_run.key},a,duplicated", f"{course_run.key},b,active"]
    assert standing_in_runs() == {("b", course_run.key, "active")}


def test_runs_outside_the_active_curriculum_are_not_found(writer, program, course_path, upload, enroll):
    enroll("a")
    outside = CourseRunFactory()
    CurriculumFactory(program=program, position=9, courses=[outside.course])

    _, lines = upload(writer, course_path, COURSE_HEADER, f"{outside.key},a,active")

    assert lines[1:] == [f"{outside.key},a,course-not-found"]


class TestCourseStaff:
    HEADER = f"{COURSE_HEADER},course_staff"

    def test_without_the_flag_the_column_is_dropped(self, writer, course_path, upload, enroll):
        enroll("a", user=UserFactory())

        _, lines = upload(writer, course_path, self.HEADER, "TOY-1,a,active,True")

        assert lines == [COURSE_HEADER, "TOY-1,a,active"]
        assert not CourseAccessRole.objects.exists()

    def test_with_the_flag_it_grants_the_role_and_is_told_row_by_row(self, writer, course_path, upload, enroll, course):
        CourseRunFactory(course=course, external_key="TOY-2")
        enroll("a", user=UserFactory())
        enroll("b", user=UserFactory())
        with override_flag("enable_course_role_management", active=True):
            job, lines = upload(
                writer,
                course_path,
                self.HEADER,
                "TOY-1,a,active,True",
                "TOY-2,a,active,False",
                "TOY-1,b,active",
                "TOY-2,b,active,perhaps",
                "TOY-2,c,active,per\0haps",
            )

        assert lines == [
            self.HEADER,
            "TOY-1,a,active,True",
            "TOY-1,b,active,",
            "TOY-2,a,active,False",
            "TOY-2,b,internal-error,perhaps",
            "TOY-2,c,internal-error,per\N{REPLACEMENT CHARACTER}haps",
        ]
        assert job["text"] == "207"
        assert CourseAccessRole.objects.count() == 1

    def test_with_the_flag_and_without_the_column_roles_stay(self, writer, course_path, upload, enroll):
        enroll("a", user=UserFactory())
        with override_flag("enable_course_role_management", active=True):
            _, lines = upload(writer, course_path, COURSE_HEADER, "TOY-1,a,active")

        assert lines == [COURSE_HEADER, "TOY-1,a,active"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfstudent_key,status\nabc,enrolled\n",
        b"student_key,status\r\nabc,enrolled\r\n",
        b"student_key,status\rabc,enrolled\r",
        b"\n\nstudent_key,status\n\n\nabc,enrolled\n\n",
        b" Status , STUDENT_KEY ,surname\n enrolled , abc ,Doe\n",
        b"status,student_key,status\nnonsense,abc,enrolled\n",
        b"student_key;status\nabc;enrolled\n",
        b"student_key\tstatus\nabc\tenrolled\n",
        b'student_key,status,note\nabc,enrolled,"two\nlines"\n',
        b'"student_key","status"\n"abc","enrolled"',
        b"student_key,status,curriculum_uuid\nabc,enrolled,nonsense\n",
        b"student_key,status,note\nabc,enrolled\n",
        "student_key,status,note\nabc,enrolled,\x0cform\u2028feed\n".encode(),
        "student_key,status,note\nabc,enrolled,\xe9\n".encode("cp1252"),
        "student_key,status\nabc,enrolled\n".encode("utf-16"),
        b"student_key,status,note\nabc,enrolled," + b"x" * 200_000 + b"\n",
    ],
)
def test_files_come_in_many_forms(writer, path, work, content):
    response = send_file(writer, path, content, name="anything.xlsx")

    assert response.status_code == 202, response.content
    work()
    assert standing() == {"abc": "enrolled"}


def test_keys_keep_their_zeros_quotes_and_signs(writer, path, upload):
    _, lines = upload(writer, path, HEADER, "001,enrolled", '"a ""b"", c",enrolled', "'=x,enrolled", "-5,enrolled")

    assert set(standing()) == {"001", 'a "b", c', "=x", "-5"}
    assert lines[1:] == ["'-5,enrolled", "001,enrolled", "'=x,enrolled", '"a ""b"", c",enrolled']


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "CSV is missing headers [student_key, status]"),
        (b"\n\n", "CSV is missing headers [student_key, status]"),
        (b"student_key\nabc\n", "CSV is missing headers [status]"),
        (b"external_user_key,status\nabc,enrolled\n", "CSV is missing headers [student_key]"),
        (
            b"student_key,status\nabc,enrolled\ndef,\n",
            f"CSV is missing data at row #2. {MISSING} [student_key, status].",
        ),
        (b"student_key,status\nabc\n", f"CSV is missing data at row #1. {MISSING} [student_key, status]."),
        (b"student_key,status\n,,\n", f"CSV is missing data at row #1. {MISSING} [student_key, status]."),
        (b"student_key,status\n  ,enrolled\n", f"CSV is missing data at row #1. {MISSING} [student_key, status]."),
        (b"student_key,status\nabc,enrolled,\n", f"CSV is missing data at row #1. {MISSING} [student_key, status]."),
        (
            b"student_key,status\n\nabc,enrolled\n\ndef\nghi,\n",
            f"CSV is missing data at row #2. {MISSING} [student_key, status]. In the file: line 5, 6.",
        ),
    ],
)
def test_files_that_cannot_be_used_are_refused_as_a_whole(writer, path, content, message):
    assert refusal(send_file(writer, path, content)) == message
    assert standing() == {}


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 a workbook",
        b"student_key,status\n\x81\x8d\xff,enrolled\n",
        b'student_key,status\nabc,"enrolled\ndef,enrolled\n',
        b"student_key,status\n" + b"x" * 3_000_000 + b",enrolled\n",
    ],
)
def test_files_that_are_no_csv_are_refused(writer, path, content):
    assert refusal(send_file(writer, path, content))


def test_a_damaged_file_is_refused_with_its_lines(writer, path):
    message = refusal(send_file(writer, path, b"student_key,status\n\xc3\xbc79,enrolled\ncut\xc3,enrolled\n"))

    assert "line 2 is UTF-8, but line 3 has the byte 0xC3," in message


def test_many_bad_rows_are_told_up_to_a_point(writer, path):
    message = refusal(send_file(writer, path, b"student_key,status\n" + b"x,\n" * 30))

    assert message.endswith(
        "In the file: line 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 and 10 more."
    )


def test_a_course_file_needs_its_columns(writer, course_path):
    assert (
        refusal(send_file(writer, course_path, b"foo\n")) == "CSV is missing headers [student_key, course_id, status]"
    )


def test_the_part_with_the_file_must_be_there(writer, path):
    for response in (
        writer.post(path, {"other": SimpleUploadedFile("a.csv", b"x")}, format="multipart"),
        writer.post(path, {"file": "student_key,status"}, format="multipart"),
        writer.post(path, {}, format="multipart"),
    ):
        assert (response.status_code, response.json()) == (400, {"detail": "No file content uploaded"})


def test_a_file_in_chunks_asks_for_a_length(writer, path):
    response = writer.generic(
        "POST", path, content_type="multipart/form-data; boundary=b", headers={"Transfer-Encoding": "chunked"}
    )

    assert response.status_code == 411
    assert response.json() == {"detail": "Send the body with a Content-Length header; chunked bodies are not accepted."}


def test_other_media_types_are_refused(writer, path):
    for content_type in ("text/csv", "application/json"):
        response = writer.generic("POST", path, "a,b", content_type=content_type)
        assert response.status_code == 415
        assert response.json()["detail"].startswith("Unsupported media type ")


def test_five_mebibytes_are_taken_and_no_more(writer, path):
    content = b"student_key,status\nabc,enrolled\n"
    content += b"\n" * (5_242_880 - len(content))

    too_large = send_file(writer, path, content + b"\n")

    assert too_large.status_code == 413
    assert too_large.json() == {"detail": "Upload too large. Must be under 5242880 bytes"}
    assert send_file(writer, path, content).status_code == 202


def test_a_body_beyond_all_bounds_is_refused(writer, path, settings):
    settings.IMPORT_MAX_BYTES = 1000

    response = send_file(writer, path, b"x" * 100_000)

    assert response.status_code == 413
    assert response.json() == {"detail": "Upload too large. Must be under 5242880 bytes"}


def test_a_program_without_active_curriculum_takes_no_file(writer, path, course_path, curriculum):
    curriculum.is_active = False
    curriculum.save()

    message = refusal(send_file(writer, path, b"student_key,status\nabc,enrolled\n"))

    assert message == "The program has no active curriculum to enroll students in."


def test_a_file_without_rows_needs_no_active_curriculum(writer, path, upload, curriculum):
    curriculum.is_active = False
    curriculum.save()

    job, lines = upload(writer, path, HEADER)

    assert (job["state"], job["text"], lines) == ("Succeeded", "204", [HEADER])


class TestOneAtATime:
    CONTENT = b"student_key,status\nabc,enrolled\n"

    def test_a_second_upload_is_refused_whatever_is_in_it(self, writer, make_client, path, course_path):
        first = send_file(writer, path, self.CONTENT).json()["job_id"]

        for client, each in ((writer, path), (make_client("writer"), course_path)):
            response = send_file(client, each, b"broken")
            assert response.status_code == 409
            assert response.content == b'"Job already in progress for program"'
            assert response["Link"] == f'<http://testserver{API}jobs/{first}>; rel="related"'
        assert Job.objects.count() == 1

    def test_other_programs_reads_and_writes_go_on(self, staff_client, path, program_path):
        other = CurriculumFactory().program
        send_file(staff_client, path, self.CONTENT)

        assert send_file(staff_client, f"{API}programs/{other.key}/enrollments/upload", self.CONTENT).status_code == 202
        assert staff_client.get(f"{program_path}/enrollments").status_code == 202
        assert staff_client.post(
            f"{program_path}/enrollments", [{"student_key": "x", "status": "enrolled"}]
        ).json() == {"x": "enrolled"}

    def test_the_next_one_is_taken_once_the_first_has_ended(self, writer, path, work):
        first = send_file(writer, path, self.CONTENT).json()["job_id"]
        cancel_import(first)
        assert fetch(writer, first)[0]["state"] == "Canceled"
        assert send_file(writer, path, self.CONTENT).status_code == 202
        work()
        assert send_file(writer, path, self.CONTENT).status_code == 202

    def test_the_file_is_looked_at_first_for_its_size(self, writer, path):
        send_file(writer, path, self.CONTENT)

        assert send_file(writer, path, b"x" * 5_242_881).status_code == 413
        assert writer.post(path, {}, format="multipart").status_code == 400

    @pytest.mark.django_db(transaction=True)
    def test_of_two_at_once_one_is_taken(self, writer, path):
        barrier = threading.Barrier(2)
        statuses = []

        def send():
            client = APIClient()
            client.force_authenticate(writer.user)
            barrier.wait()
            statuses.append(send_file(client, path, self.CONTENT).status_code)
            connection.close()

        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [202, 409]


def test_readers_do_not_upload(reader, path):
    assert send_file(reader, path, b"").status_code == 403


def test_an_upload_may_be_sent_again_under_a_key(writer, path):
    answers = [
        writer.post(
            path,
            {"file": SimpleUploadedFile("a.csv", b"student_key,status\na,enrolled\n")},
            format="multipart",
            headers={"Idempotency-Key": "key-1"},
        )
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert Job.objects.count() == 1


def test_a_result_whose_file_is_missing_is_404(writer, path, upload, settings):
    job, _ = upload(writer, path, HEADER, "a,enrolled")
    (file,) = Job.objects.values_list("file", flat=True)
    (settings.MEDIA_ROOT / file).unlink()

    assert writer.get(job["result"]).status_code == 404


def test_an_upload_and_its_job_go_together(writer, path, upload, settings):
    job, _ = upload(writer, path, HEADER, "a,enrolled")
    settings.IMPORT_KEPT_DAYS = 0
    (file,) = Job.objects.values_list("file", flat=True)

    assert (prune_imports(), prune_jobs()) == (1, 1)
    assert writer.get(f"{API}jobs/{job['job_id']}").status_code == 404
    assert not (settings.MEDIA_ROOT / file).exists()


def test_what_was_in_other_columns_is_not_stored(writer, path, work, settings):
    send_file(writer, path, b"student_key,status,surname\nabc,enrolled,Secretname\n")
    work()

    stored = [file.read_bytes() for file in settings.MEDIA_ROOT.rglob("*") if file.is_file()]
    assert len(stored) == 2
    assert not any(b"Secretname" in content for content in stored)


class FullStorage(FileSystemStorage):
    """Takes nothing."""

    def _save(self, name, content):
        raise OSError(errno.ENOSPC, "full")


def test_a_full_file_storage_is_told_and_starts_nothing(writer, path, settings):
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": f"{__name__}.FullStorage"}}

    response = send_file(writer, path, b"student_key,status\nabc,enrolled\n")

    assert (response.status_code, response["Retry-After"]) == (503, "300")
    assert response.json()["detail"].startswith("The service has no space left")
    assert not Job.objects.exists()
    assert not Import.objects.exists()
