"""Read jobs: how they are started, told and done, and their files (registrar page, sections 5, 7, 8 and 10)."""

import os
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from waffle.testutils import override_flag

from grades.service import NO_GRADE, GradeResult
from registrar.models import Job
from registrar.pruning import prune_jobs
from tests.factories.catalog import CourseRunFactory, CurriculumFactory
from tests.factories.grades import CourseGradeFactory
from tests.factories.learners import CourseAccessRoleFactory, UserFactory
from tests.factories.program_enrollments import CourseAccessRoleAssignmentFactory
from tests.registrar.conftest import API, fetch, try_link

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
NOON = datetime(2026, 11, 25, 12, 0, 0, 42, tzinfo=UTC)
READS = {
    "enrollments": "masters-in-cs:read:list_program_enrollments",
    "courses/TOY-1/enrollments": "masters-in-cs:read:list_course_run_enrollments",
    "course_enrollments": "masters-in-cs:read:list_all_course_run_enrollments",
    "courses/TOY-1/grades": "get_course_run_grades",
}


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_read_is_accepted_and_told_where_to_ask(reader, program, version, slash):
    response = reader.get(f"/api/{version}/programs/{program.key}/enrollments{slash}")

    assert response.status_code == 202
    body = response.json()
    assert re.fullmatch(UUID, body["job_id"])
    assert body == {
        "job_id": body["job_id"],
        "job_url": f"http://testserver/api/{version}/jobs/{body['job_id']}",
    }


@pytest.mark.parametrize(("path", "name"), READS.items())
def test_a_job_is_told_while_it_waits_and_when_it_is_done(reader, program_path, work, path, name):
    with time_machine.travel(NOON, tick=False):
        job_id = reader.get(f"{program_path}/{path}").json()["job_id"]
        waiting = reader.get(f"{API}jobs/{job_id}")
        listed = reader.get(f"{API}jobs/").json()
        work()
        done = reader.get(f"/api/v2/jobs/{job_id}/").json()

    assert waiting.json() == {
        "job_id": job_id,
        "name": name,
        "created": "2026-11-25T12:00:00.000042Z",
        "state": "Pending",
        "result": None,
        "text": None,
        "error": None,
    }
    assert listed == [waiting.json()]
    assert done["result"].startswith(f"http://testserver/api/v2/results/{job_id}.json?token=")
    assert done == waiting.json() | {
        "state": "Succeeded",
        "result": done["result"],
        "text": "204" if "grades" in path else None,
    }
    assert reader.get(f"{API}jobs").json() == []


def test_program_enrollments_are_downloaded_as_json(reader, program_path, enroll, read_result):
    enroll("abc", user=UserFactory())
    enroll("00é", "pending")

    job, content = read_result(reader, f"{program_path}/enrollments")

    assert job["state"] == "Succeeded"
    assert content == (
        "[\n"
        '    {\n        "account_exists": true,\n        "status": "enrolled",\n        "student_key": "abc"\n    },\n'
        '    {\n        "account_exists": false,\n        "status": "pending",\n'
        '        "student_key": "00\\u00e9"\n    }\n'
        "]"
    )


def test_program_enrollments_are_downloaded_as_csv(reader, program_path, enroll, read_result):
    enroll("abc", user=UserFactory())
    enroll("00é, x", "pending")
    enroll(None, user=UserFactory())

    _, content = read_result(reader, f"{program_path}/enrollments?fmt=csv")

    assert content == (
        'student_key,status,account_exists\r\nabc,enrolled,True\r\n"00é, x",pending,False\r\n,enrolled,True\r\n'
    )


def test_names_are_downloaded_by_those_who_have_the_flag(reader, program_path, enroll, read_result):
    enroll("abc", user=UserFactory(username="ada", email="ada@example.edu"))
    enroll("def")
    path = f"{program_path}/enrollments"

    with override_flag("include_name_email_in_get_program_enrollment", active=True):
        _, as_json = read_result(reader, path)
        _, as_csv = read_result(reader, f"{path}?fmt=csv")
    _, without = read_result(reader, f"{path}?fmt=csv")

    members = re.findall(r'"(\w+)": ("?[\w@.]*"?)', as_json)
    assert members[:5] == [
        ("account_exists", "true"),
        ("email", '"ada@example.edu"'),
        ("status", '"enrolled"'),
        ("student_key", '"abc"'),
        ("username", '"ada"'),
    ]
    assert as_csv == (
        "student_key,status,account_exists,username,email\r\nabc,enrolled,True,ada,ada@example.edu\r\n"
        "def,enrolled,False,,\r\n"
    )
    assert "ada" not in without


@pytest.mark.parametrize("name", ["course-v1:edX+ToyX+2026_T1", "course-v1:edX%2BToyX%2B2026_T1", "TOY-1"])
def test_course_enrollments_are_downloaded_by_either_name_of_the_run(
    reader, program_path, enroll_in_run, read_result, name
):
    enroll_in_run("abc", user=UserFactory())
    enroll_in_run("def", "inactive")

    _, content = read_result(reader, f"{program_path}/courses/{name}/enrollments?fmt=csv")

    assert content.splitlines() == [
        "course_id,student_key,status,account_exists",
        "TOY-1,abc,active,True",
        "TOY-1,def,inactive,False",
    ]


def test_course_staff_is_downloaded_by_those_who_have_the_flag(reader, program_path, enroll_in_run, read_result):
    staff = UserFactory()
    CourseAccessRoleFactory(user=staff)
    enroll_in_run("linked", user=staff)
    CourseAccessRoleAssignmentFactory(enrollment=enroll_in_run("waiting"))
    enroll_in_run("neither", user=UserFactory())

    with override_flag("enable_course_role_management", active=True):
        _, one_run = read_result(reader, f"{program_path}/courses/TOY-1/enrollments?fmt=csv")
        _, all_runs = read_result(reader, f"{program_path}/course_enrollments")

    assert one_run.splitlines() == [
        "course_id,student_key,status,account_exists,course_staff",
        "TOY-1,linked,active,True,True",
        "TOY-1,waiting,active,False,True",
        "TOY-1,neither,active,True,False",
    ]
    assert re.findall(r'"course_staff": (\w+)', all_runs) == ["true", "true", "false"]


def test_all_course_enrollments_come_run_by_run(reader, program_path, course, enroll_in_run, enroll, read_result):
    later = CourseRunFactory(course=course, key="course-v1:edX+ToyX+2027")
    enroll_in_run("later", course_key=later.key)
    enroll_in_run("earlier")

    _, content = read_result(reader, f"{program_path}/course_enrollments?fmt=csv")

    assert content.splitlines()[1:] == ["TOY-1,earlier,active,False", "course-v1:edX+ToyX+2027,later,active,False"]


@pytest.mark.parametrize(
    ("fmt", "expected"), [("json", "[]"), ("csv", "course_id,student_key,status,account_exists\r\n")]
)
def test_a_program_without_runs_has_an_empty_file(reader, program_path, curriculum, read_result, fmt, expected):
    curriculum.courses.clear()

    _, content = read_result(reader, f"{program_path}/course_enrollments?fmt={fmt}")

    assert content == expected


def test_grades_are_downloaded(reader, program_path, enroll_in_run, read_result):
    good, ungraded = UserFactory(), UserFactory()
    CourseGradeFactory(user=good, percent=0.95, letter_grade="A")
    enroll_in_run("abc", user=good)
    enroll_in_run("def", user=ungraded)
    enroll_in_run("waiting")

    as_json = read_result(reader, f"{program_path}/courses/TOY-1/grades")
    as_csv = read_result(reader, f"{program_path}/courses/TOY-1/grades/?fmt=csv")

    assert as_json[0]["text"] == "200"
    assert as_json[1].startswith(
        '[\n    {\n        "student_key": "abc",\n        "letter_grade": "A",\n        "percent": "0.950",\n'
        '        "passed": true\n    },'
    )
    assert as_csv[1].splitlines() == [
        "student_key,letter_grade,percent,passed,error",
        "abc,A,0.950,True,",
        "def,,0.000,False,",
    ]


class BrokenGrades:
    """Grades of which every second one cannot be read."""

    def iter_course_grades(self, course_key, users):
        for number, user in enumerate(users):
            yield GradeResult(user, None, "No answer.") if number % 2 else GradeResult(user, NO_GRADE, None)


def test_grades_that_cannot_be_read_are_told_one_by_one(reader, program_path, enroll_in_run, read_result, settings):
    settings.GRADES_BACKEND = f"{__name__}.BrokenGrades"
    enroll_in_run("abc", user=UserFactory())
    enroll_in_run("def", user=UserFactory())

    job, content = read_result(reader, f"{program_path}/courses/TOY-1/grades?fmt=csv")

    assert (job["state"], job["text"]) == ("Succeeded", "207")
    assert content.splitlines()[1:] == ["abc,,0.000,False,", "def,,,,No answer."]


@pytest.mark.parametrize(
    ("fmt", "expected"), [("json", "{}"), ("csv", "student_key,letter_grade,percent,passed,error\r\n")]
)
def test_no_grades_are_no_data(reader, program_path, read_result, fmt, expected):
    job, content = read_result(reader, f"{program_path}/courses/TOY-1/grades?fmt={fmt}")

    assert (job["text"], content) == ("204", expected)


@pytest.mark.parametrize("fmt", ["", "JSON", "CSV", "xml"])
@pytest.mark.parametrize("path", READS)
def test_an_unknown_format_is_404_and_starts_nothing(reader, program_path, path, fmt):
    response = reader.get(f"{program_path}/{path}?fmt={fmt}")

    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
    assert not Job.objects.exists()


@pytest.mark.parametrize("path", READS)
def test_head_starts_nothing(reader, program_path, path):
    assert reader.head(f"{program_path}/{path}").status_code == 202
    assert reader.head(f"{program_path}/{path}?fmt=xml").status_code == 404
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["none", "toy-1", "course-v1:edX+ToyX+2099", "Org/Course/Run", "a b.c"])
def test_a_run_outside_the_active_curriculum_is_404(reader, program_path, name):
    for what in ("enrollments", "grades"):
        assert reader.get(f"{program_path}/courses/{name}/{what}").status_code == 404


@pytest.mark.parametrize("external_key", ["CS 101.a", "CS/101", "CS/101/x/y"])
def test_names_of_runs_may_have_any_characters(reader, program_path, course, read_result, external_key):
    CourseRunFactory(course=course, key="course-v1:edX+ToyX+2027", external_key=external_key)

    job, _ = read_result(reader, f"{program_path}/courses/{external_key}/enrollments")

    assert job["state"] == "Succeeded"


def test_an_old_key_of_a_run_is_found(reader, program_path, course):
    CourseRunFactory(course=course, key="Org/Course/Run")

    assert reader.get(f"{program_path}/courses/Org/Course/Run/enrollments").status_code == 202


def test_runs_of_other_curricula_are_not_in_the_program(reader, program, program_path):
    run = CourseRunFactory(external_key="OTHER")
    CurriculumFactory(program=program, position=9, courses=[run.course])

    assert reader.get(f"{program_path}/courses/OTHER/enrollments").status_code == 404


def test_a_writer_reads_and_a_stranger_does_not(writer, learner_client, program_path):
    assert writer.get(f"{program_path}/enrollments").status_code == 202
    assert learner_client.get(f"{program_path}/enrollments").status_code == 403


class TestOthersJobs:
    @pytest.fixture
    def job_id(self, reader, program_path, work):
        job_id = reader.get(f"{program_path}/enrollments").json()["job_id"]
        work()
        return job_id

    def test_jobs_are_told_to_their_owners_only(self, writer, job_id):
        response = writer.get(f"{API}jobs/{job_id}")

        assert response.status_code == 403
        assert response.json() == {"detail": "You do not have permission to perform this action."}

    def test_staff_sees_any_job_and_lists_its_own(self, staff_client, reader, program_path, job_id):
        reader.get(f"{program_path}/enrollments")

        assert fetch(staff_client, job_id)[1] == "[]"
        assert staff_client.get(f"{API}jobs").json() == []

    @pytest.mark.parametrize("job_id", ["00000000-0000-4000-8000-000000000000", "abc", "-", "0" * 40])
    def test_an_unknown_job_is_404(self, reader, job_id):
        response = reader.get(f"{API}jobs/{job_id}")

        assert (response.status_code, response.json()) == (404, {"detail": "Not found."})

    def test_a_job_is_named_with_its_hyphens_only(self, reader, job_id):
        assert reader.get(f"{API}jobs/{job_id.replace('-', '')}").status_code == 404

    def test_a_link_is_for_the_one_who_asked(self, reader, writer, anonymous_client, job_id):
        link = reader.get(f"{API}jobs/{job_id}").json()["result"]

        assert try_link(anonymous_client, link) == 401
        assert try_link(writer, link) == 403
        assert try_link(reader, link.partition("?")[0]) == 403
        assert try_link(reader, f"{link}x") == 403
        assert try_link(reader, link) == 200

    def test_a_link_expires_and_another_is_made_each_time(self, reader, job_id):
        with time_machine.travel(NOON, tick=False) as clock:
            link = reader.get(f"{API}jobs/{job_id}").json()["result"]
            clock.shift(timedelta(minutes=59))
            assert try_link(reader, link) == 200
            clock.shift(timedelta(minutes=2))
            assert try_link(reader, link) == 403
            again = reader.get(f"{API}jobs/{job_id}").json()["result"]
            assert try_link(reader, again) == 200

    def test_a_link_is_worth_nothing_once_the_role_is_gone(self, reader, job_id):
        link = reader.get(f"{API}jobs/{job_id}").json()["result"]
        reader.user.role_assignments.all().delete()

        assert try_link(reader, link) == 403

    def test_a_browser_takes_the_file_for_a_download_and_keeps_none(self, reader, job_id):
        response = reader.get(reader.get(f"{API}jobs/{job_id}").json()["result"], headers={"accept": "text/html"})

        assert response["Content-Disposition"] == f'attachment; filename="{job_id}.json"'
        assert response["Cache-Control"] == "private, no-store"
        assert response["Content-Type"] == "application/json"
        assert b"".join(response.streaming_content) == b"[]"


def test_cells_are_safe_in_spreadsheets(reader, program_path, enroll, read_result):
    enroll("=1+1")
    enroll("-5")

    _, content = read_result(reader, f"{program_path}/enrollments?fmt=csv")

    assert content.splitlines()[1:] == ["'=1+1,enrolled,False", "'-5,enrolled,False"]


def test_a_job_fails_and_says_why_when_the_program_is_gone(reader, program, program_path, read_result, work):
    job_id = reader.get(f"{program_path}/enrollments").json()["job_id"]
    program.delete()
    work()

    job, _ = fetch(reader, job_id)

    assert (job["state"], job["result"], job["text"]) == ("Failed", None, None)
    assert job["error"] == "The program, or the course run, is not there any more."


class FaultyGrades:
    """Grades of a kind that nobody thought of."""

    def iter_course_grades(self, course_key, users):
        for user in users:
            yield GradeResult(user=user, grade="student abc", error=None)  # type: ignore[arg-type]  # that is the fault


def test_a_fault_of_ours_fails_the_job_and_names_no_student(reader, program_path, enroll_in_run, read_result, settings):
    settings.GRADES_BACKEND = f"{__name__}.FaultyGrades"
    enroll_in_run("abc", user=UserFactory())

    job, _ = read_result(reader, f"{program_path}/courses/TOY-1/grades")

    assert (job["state"], job["error"]) == ("Failed", "The service failed; start the download again.")


def test_a_job_whose_worker_gave_up_has_failed(reader, program_path):
    job_id = reader.get(f"{program_path}/enrollments").json()["job_id"]
    DBTaskResult.objects.all().delete()

    job, _ = fetch(reader, job_id)

    assert (job["state"], job["error"]) == ("Failed", "The job was interrupted; start it again.")
    assert reader.get(f"{API}jobs").json() == []


def test_files_that_no_job_has_are_pruned_once_their_jobs_must_be_stored(reader, program_path, read_result, settings):
    read_result(reader, f"{program_path}/enrollments")
    kept = settings.MEDIA_ROOT / Job.objects.get().file.name
    stray, fresh = kept.with_name("stray.csv"), kept.with_name("fresh.csv")
    report = settings.MEDIA_ROOT / "registrar" / "UCDavis" / "report.csv"
    report.parent.mkdir()
    for path in (stray, fresh, report):
        path.write_text("student_key,status")
    for path in (stray, kept, report):
        os.utime(path, (0, 0))

    assert prune_jobs() == 0

    assert [path.exists() for path in (stray, fresh, kept, report)] == [False, True, True, True]


def test_results_are_not_kept_for_ever(reader, program_path, read_result, settings):
    job, _ = read_result(reader, f"{program_path}/enrollments")
    (file,) = Job.objects.values_list("file", flat=True)
    with time_machine.travel(timezone.now() + timedelta(days=settings.REGISTRAR_RESULT_DAYS, seconds=-5)):
        assert prune_jobs() == 0
    with time_machine.travel(timezone.now() + timedelta(days=settings.REGISTRAR_RESULT_DAYS, seconds=5)):
        assert prune_jobs() == 1

    assert not default_storage.exists(file)
    assert reader.get(f"{API}jobs/{job['job_id']}").status_code == 404


@pytest.mark.parametrize("jobs", [1, 4])
def test_listing_jobs_costs_the_same_whatever_their_number(reader, program_path, jobs, django_assert_num_queries):
    for _ in range(jobs):
        reader.get(f"{program_path}/enrollments")

    with django_assert_num_queries(1):
        assert len(reader.get(f"{API}jobs").json()) == jobs


def test_a_result_that_the_storage_lost_is_404(reader, program_path, read_result):
    job, _ = read_result(reader, f"{program_path}/enrollments")
    default_storage.delete(*Job.objects.values_list("file", flat=True))

    assert reader.get(job["result"]).status_code == 404


def test_a_job_outlives_its_owner_until_it_is_pruned(reader, staff_client, program_path, read_result):
    job, _ = read_result(reader, f"{program_path}/enrollments")
    reader.user.delete()

    assert staff_client.get(f"{API}jobs/{job['job_id']}").status_code == 200
