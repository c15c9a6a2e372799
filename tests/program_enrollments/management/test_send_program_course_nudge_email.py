"""`manage.py send_program_course_nudge_email`; who is told of what is tested at the Python API."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.core.management import call_command

from tests.factories.catalog import CourseRunFactory, ProgramFactory
from tests.factories.grades import CourseGradeFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory


@pytest.fixture(autouse=True)
def _passed_yesterday(course, course_run, learner):
    program = ProgramFactory(courses=[course, CourseRunFactory(title="Next run").course])
    ProgramEnrollmentFactory(user=learner, program_uuid=program.uuid)
    CourseGradeFactory(user=learner, passed_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    with time_machine.travel(datetime(2026, 11, 23, 9, tzinfo=UTC), tick=False):
        yield


def test_those_who_passed_yesterday_get_an_email(learner, mailoutbox, capsys):
    call_command("send_program_course_nudge_email")
    assert [message.to for message in mailoutbox] == [[learner.email]]
    assert capsys.readouterr().out == "1 e-mails sent to learners who passed a run on 2026-11-22.\n"


def test_no_commit_sends_nothing(mailoutbox, capsys):
    call_command("send_program_course_nudge_email", "--no-commit")
    assert mailoutbox == []
    assert capsys.readouterr().out == "1 e-mails would be sent to learners who passed a run on 2026-11-22.\n"
