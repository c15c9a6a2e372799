"""A learner's course runs, at `overview/` and at `users/{username}/…/courses/` (contract section 5.3)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from opaque_keys.edx.keys import CourseKey

from tests.factories.catalog import CourseFactory, CourseRunFactory, CurriculumFactory, DueDateFactory, ProgramFactory
from tests.factories.learners import CertificateFactory, CourseEnrollmentFactory, EmailOptOutFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory

BASE = "/api/program_enrollments/v1/"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _frozen_clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def overview_path(program_path):
    return f"{program_path}overview/"


@pytest.fixture
def courses_path(program):
    return f"{BASE}users/learner/programs/{program.uuid}/courses/"


@pytest.fixture
def enrolled(learner, program, curriculum):
    """The learner is enrolled in the program, and in its one run."""
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid)
    return CourseEnrollmentFactory(user=learner)


@pytest.fixture
def see(learner_client, overview_path, courses_path):
    """The one course run, as both endpoints show it."""

    def get():
        (row,) = learner_client.get(overview_path).json()["course_runs"]
        assert learner_client.get(courses_path).json()["results"] == [row]
        return row

    return get


def set_run(course_run, **fields):
    for name, value in fields.items():
        setattr(course_run, name, value)
    course_run.save()


def test_a_bare_run_has_only_the_fields_that_are_always_there(see, enrolled):
    assert see() == {
        "course_run_id": "course-v1:edX+ToyX+2026_T1",
        "display_name": "Run course-v1:edX+ToyX+2026_T1",
        "course_run_url": "http://testserver/courses/course-v1:edX+ToyX+2026_T1/home",
        "start_date": None,
        "end_date": None,
        "course_run_status": "upcoming",
        "due_dates": [],
    }


def test_a_full_run_has_all_fields(see, enrolled, learner, program, course_run, settings):
    settings.COURSE_HOME_URL_TEMPLATE = "https://learn.example/{course_id}"
    program.type = "MicroMasters"
    program.save()
    set_run(course_run, start=NOW - DAY, end=NOW + DAY, email_enabled=True)
    DueDateFactory(course_run=course_run, name="second", url="/b", date=NOW + DAY)
    DueDateFactory(course_run=course_run, name="first", url="https://elsewhere.example/a", date=NOW - DAY)
    CertificateFactory(user=learner, download_url="/certificate.pdf")
    EmailOptOutFactory(user=learner)
    enrolled.resume_url = "/resume"
    enrolled.save()

    assert see() == {
        "course_run_id": "course-v1:edX+ToyX+2026_T1",
        "display_name": "Run course-v1:edX+ToyX+2026_T1",
        "course_run_url": "https://learn.example/course-v1:edX+ToyX+2026_T1",
        "start_date": "2026-11-22T12:00:00Z",
        "end_date": "2026-11-24T12:00:00Z",
        "course_run_status": "in_progress",
        "due_dates": [
            {"name": "first", "url": "https://elsewhere.example/a", "date": "2026-11-22T12:00:00Z"},
            {"name": "second", "url": "http://testserver/b", "date": "2026-11-24T12:00:00Z"},
        ],
        "resume_course_run_url": "http://testserver/resume",
        "certificate_download_url": "http://testserver/certificate.pdf",
        "emails_enabled": False,
        "micromasters_title": "Master of Toys",
    }


def test_a_due_date_without_url_has_none(see, enrolled, course_run):
    set_run(course_run, start=NOW - DAY, end=NOW + DAY)
    DueDateFactory(course_run=course_run, name="essay", url="", date=NOW)

    assert see()["due_dates"] == [{"name": "essay", "url": "", "date": "2026-11-23T12:00:00Z"}]


def test_braces_in_the_address_of_a_run_mean_nothing_else(see, enrolled, settings):
    settings.COURSE_HOME_URL_TEMPLATE = "https://learn.example/{course_id}/{0}"

    assert see()["course_run_url"] == "https://learn.example/course-v1:edX+ToyX+2026_T1/%7B0%7D"


def test_emails_are_enabled_unless_the_learner_opted_out(see, enrolled, course_run):
    set_run(course_run, email_enabled=True)

    assert see()["emails_enabled"] is True


def test_a_certificate_without_download_is_not_told(see, enrolled, learner):
    CertificateFactory(user=learner)

    assert "certificate_download_url" not in see()


@pytest.mark.parametrize("days", [(-2, -1), (1, 2)])
def test_due_dates_are_told_only_while_in_progress(see, enrolled, course_run, days):
    set_run(course_run, start=NOW + days[0] * DAY, end=NOW + days[1] * DAY)
    DueDateFactory(course_run=course_run, date=NOW)

    assert see()["due_dates"] == []


@pytest.mark.parametrize(
    "mode", ["verified", "masters", "executive-education", "paid-executive-education", "paid-bootcamp"]
)
def test_modes_of_the_list_are_told(see, enrolled, mode):
    enrolled.mode = mode
    enrolled.save()

    assert see()["course_run_id"] == str(enrolled.course_key)


@pytest.mark.parametrize("fields", [{"mode": "audit"}, {"mode": "honor"}, {"is_active": False}])
def test_other_modes_and_inactive_enrollments_are_not(learner_client, overview_path, enrolled, fields):
    for name, value in fields.items():
        setattr(enrolled, name, value)
    enrolled.save()

    assert learner_client.get(overview_path).json() == {"course_runs": []}


def test_runs_of_other_programs_and_learners_are_not_told(see, enrolled, learner, course_run):
    CourseEnrollmentFactory(user=learner, course_key=CourseRunFactory().key)
    CourseEnrollmentFactory(course_key=course_run.key)

    assert see()["course_run_id"] == str(course_run.key)


@pytest.mark.parametrize("status", ["pending", "suspended", "canceled", "ended", None])
@pytest.mark.parametrize("who", ["learner", "staff"])
def test_learners_who_are_not_enrolled_see_nothing(
    learner_client, staff_client, learner, program, overview_path, courses_path, status, who
):
    if status:
        ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid, status=status)

    client = {"learner": learner_client, "staff": staff_client}[who]

    assert client.get(overview_path).status_code == 403
    assert client.get(courses_path).status_code == 403


def test_one_enrollment_of_several_suffices(learner_client, learner, program, overview_path, enrolled):
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid, status="ended")

    assert learner_client.get(overview_path).status_code == 200


def test_staff_see_what_the_learner_would_see(staff_client, learner_client, courses_path, enrolled):
    assert staff_client.get(courses_path).json() == learner_client.get(courses_path).json()


def test_learners_do_not_see_each_other(learner_client, program):
    ProgramEnrollmentFactory(user=enrolled_other().user, program_uuid=program.uuid)

    response = learner_client.get(f"{BASE}users/other/programs/{program.uuid}/courses/")

    assert response.status_code == 403


def enrolled_other():
    return CourseEnrollmentFactory(user__username="other")


@pytest.mark.parametrize("username", ["unknown", "a%00b", "a%2Fb", "%FF"])
def test_staff_learn_that_a_username_is_unknown(staff_client, program, username):
    response = staff_client.get(f"{BASE}users/{username}/programs/{program.uuid}/courses/")

    assert response.status_code == 404


@pytest.mark.parametrize("program_uuid", ["no-uuid", "0e7bd7ff-3f8f-4d7e-8b1f-6a1c3d1e9f00"])
@pytest.mark.parametrize("path", ["programs/{}/overview/", "users/learner/programs/{}/courses/"])
def test_an_unknown_program_is_404(learner_client, path, program_uuid):
    response = learner_client.get(BASE + path.format(program_uuid))

    assert response.status_code == 404
    assert response.json()["error_code"] == "program_does_not_exist"


def test_the_overview_says_that_it_is_deprecated_and_what_succeeds_it(
    learner_client, anonymous_client, overview_path, courses_path, enrolled
):
    response = learner_client.get(overview_path)
    refused = anonymous_client.get(overview_path)

    assert response["Deprecation"] == refused["Deprecation"] == "@1793491200"
    assert response["Link"] == f'<http://testserver{courses_path}>; rel="successor-version"'
    assert "Deprecation" not in learner_client.get(courses_path)


@pytest.mark.parametrize(("asked", "given"), [(None, 10), (3, 3), (100, 25), ("x", 10)])
def test_course_runs_come_a_page_at_a_time(learner_client, courses_path, enrolled, learner, program, asked, given):
    course = CourseFactory()
    CurriculumFactory(program=program, courses=[course])
    for n in range(30):
        key = CourseKey.from_string(f"course-v1:edX+Many+{n}")
        CourseEnrollmentFactory(user=learner, course_key=CourseRunFactory(course=course, key=key).key)

    response = learner_client.get(courses_path, {"page_size": asked} if asked else {})
    second = learner_client.get(response.json()["next"])

    assert len(response.json()["results"]) == given
    assert second.json()["results"][0]["course_run_id"] == f"course-v1:edX+Many+{given - 1}"


@pytest.mark.parametrize("path_fixture", ["overview_path", "courses_path"])
def test_overviews_cost_the_same_for_any_number_of_runs(
    request, learner_client, enrolled, learner, program, path_fixture
):
    counts = []
    for size in (1, 8):
        course = CourseFactory()
        CurriculumFactory(program=program, courses=[course])
        for n in range(size):
            key = CourseKey.from_string(f"course-v1:edX+Many{size}+{n}")
            run = CourseRunFactory(course=course, key=key, start=NOW - DAY)
            DueDateFactory(course_run=run, date=NOW)
            CourseEnrollmentFactory(user=learner, course_key=key)
        with CaptureQueriesContext(connection) as queries:
            learner_client.get(request.getfixturevalue(path_fixture))
        counts.append(len(queries))

    assert counts == [8, 8]


def test_a_learner_of_a_program_without_runs_has_none(learner_client, learner):
    program = ProgramFactory()
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid)

    response = learner_client.get(f"{BASE}programs/{program.uuid}/overview")

    assert response.json() == {"course_runs": []}
