"""Telling learners of the next run of their program (contract section 7)."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import time_machine
from django.db import IntegrityError
from opaque_keys.edx.keys import CourseKey

from program_enrollments import api
from program_enrollments.models import CourseNudge
from tests.factories.catalog import CourseFactory, CourseRunFactory, ProgramFactory
from tests.factories.grades import CourseGradeFactory
from tests.factories.learners import RUN_KEY, CourseEnrollmentFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
YESTERDAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def make_run(name, **fields):
    course = CourseFactory(key=f"edX+{name}")
    return CourseRunFactory(course=course, key=CourseKey.from_string(f"course-v1:edX+{name}+2026"), **fields)


@pytest.fixture
def spring():
    return make_run("Spring", title="Spring run", start=datetime(2027, 2, 1, tzinfo=UTC))


@pytest.fixture
def summer():
    return make_run("Summer", title="Summer run", start=datetime(2027, 6, 1, tzinfo=UTC))


@pytest.fixture
def program(school, course, course_run, spring, summer):
    return ProgramFactory(
        title="Master of Toys", organizations=[school], courses=[course, summer.course, spring.course]
    )


@pytest.fixture
def enrollment(program, learner):
    return ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid)


@pytest.fixture
def passed(learner):
    return CourseGradeFactory(user=learner, course_key=RUN_KEY, passed_at=datetime(2026, 11, 22, 12, tzinfo=UTC))


def suggested_titles():
    return [nudge.next_run.title for nudge in api.list_nudges(YESTERDAY)]


def test_a_learner_who_passed_is_told_of_the_run_that_starts_first(enrollment, passed):
    assert suggested_titles() == ["Spring run"]


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC), 0),
        (datetime(2026, 11, 22, tzinfo=UTC), 1),
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), 1),
        (datetime(2026, 11, 23, tzinfo=UTC), 0),
    ],
)
def test_the_day_is_whole(enrollment, learner, moment, told):
    CourseGradeFactory(user=learner, course_key=RUN_KEY, passed_at=moment)
    assert len(api.list_nudges(YESTERDAY)) == told


def test_a_run_in_which_the_learner_is_enrolled_is_not_suggested(enrollment, passed, learner, spring):
    CourseEnrollmentFactory(user=learner, course_key=spring.key)
    assert suggested_titles() == ["Summer run"]


def test_a_run_that_the_learner_left_is_suggested(enrollment, passed, learner, spring):
    CourseEnrollmentFactory(user=learner, course_key=spring.key, is_active=False)
    assert suggested_titles() == ["Spring run"]


def test_a_run_that_is_over_is_not_suggested(enrollment, passed, spring):
    spring.end = NOW
    spring.save()
    assert suggested_titles() == ["Summer run"]


def test_another_run_of_the_passed_course_is_not_suggested(enrollment, passed, course):
    CourseRunFactory(
        course=course, key=CourseKey.from_string("course-v1:edX+ToyX+2027"), start=datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert suggested_titles() == ["Spring run"]


def test_a_run_without_a_start_comes_last(enrollment, passed, spring, summer):
    spring.start = None
    spring.save()
    assert suggested_titles() == ["Summer run"]


def test_two_runs_passed_in_a_program_make_one_nudge(enrollment, passed, learner, summer):
    CourseGradeFactory(user=learner, course_key=summer.key, passed_at=passed.passed_at)
    assert suggested_titles() == ["Spring run"]


def test_nobody_is_told_when_nothing_is_left(enrollment, passed, learner, spring, summer):
    for run in (spring, summer):
        CourseEnrollmentFactory(user=learner, course_key=run.key)
    assert suggested_titles() == []


@pytest.mark.parametrize("status", ["pending", "suspended", "canceled", "ended"])
def test_only_the_enrolled_are_told(program, learner, passed, status):
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid, status=status)
    assert suggested_titles() == []


def test_a_run_outside_of_the_program_does_not_count(enrollment, learner):
    CourseGradeFactory(
        user=learner,
        course_key=CourseKey.from_string("course-v1:edX+Other+2026"),
        passed_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )
    assert suggested_titles() == []


@pytest.mark.parametrize("fields", [{"is_active": False}, {"email": ""}])
def test_those_who_cannot_read_it_are_not_told(program, fields):
    user = UserFactory(**fields)
    ProgramEnrollmentFactory(user=user, program_uuid=program.uuid)
    CourseGradeFactory(user=user, passed_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert suggested_titles() == []


def test_the_message_names_program_and_runs(enrollment, passed, learner):
    [nudge] = api.list_nudges(YESTERDAY)
    message = nudge.as_email()
    assert message.to == [learner.email]
    assert message.subject == "Next in Master of Toys: Spring run"
    assert "    Spring run\n    from 1 February 2027\n" in message.body


def test_a_title_with_line_breaks_and_markup_stays_plain_text_in_one_header(enrollment, passed, program):
    program.title = "R&D\r\nBcc: all@example.edu"
    program.save()
    [nudge] = api.list_nudges(YESTERDAY)
    assert nudge.as_email().message()["Subject"] == "Next in R&D Bcc: all@example.edu: Spring run"


@pytest.mark.parametrize(
    "changed", [{"passed_on": date(2026, 11, 21)}, {"program_uuid": UUID(int=1)}, {"user": "other"}, {}]
)
def test_only_what_was_sent_to_the_learner_for_program_and_day_is_not_sent_again(enrollment, passed, program, changed):
    if "user" in changed:
        changed = {"user": UserFactory()}
    sent = {"user": enrollment.user, "program_uuid": program.uuid, "passed_on": YESTERDAY}
    CourseNudge.objects.create(**sent | changed)
    assert len(api.list_nudges(YESTERDAY)) == bool(changed)


def test_the_same_nudge_cannot_be_recorded_twice(learner):
    nudge = {"user": learner, "program_uuid": UUID(int=1), "passed_on": YESTERDAY}
    CourseNudge.objects.create(**nudge)
    with pytest.raises(IntegrityError, match="coursenudge_once_a_day"):
        CourseNudge.objects.create(**nudge)


def test_a_repeated_message_has_the_same_id(enrollment, passed):
    ids = {api.list_nudges(YESTERDAY)[0].as_email().message()["Message-ID"] for _ in range(2)}
    assert len(ids) == 1


@pytest.mark.parametrize("learners", [1, 4])
def test_the_cost_does_not_grow_with_learners(program, learners, django_assert_num_queries):
    for _ in range(learners):
        user = UserFactory()
        ProgramEnrollmentFactory(user=user, program_uuid=program.uuid)
        CourseGradeFactory(user=user, passed_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    with django_assert_num_queries(9):
        assert len(api.list_nudges(YESTERDAY)) == learners
