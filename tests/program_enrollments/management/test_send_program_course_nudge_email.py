"""`manage.py send_program_course_nudge_email`; who is told of what is tested at the Python API."""

from datetime import UTC, datetime
from smtplib import SMTPDataError, SMTPServerDisconnected
from socket import socket

import pytest
import time_machine
from django.core.mail.backends.locmem import EmailBackend
from django.core.mail.backends.smtp import sanitize_address
from django.core.management import CommandError, call_command

from program_enrollments.models import CourseNudge, ProgramEnrollment
from tests.factories.catalog import CourseRunFactory, ProgramFactory
from tests.factories.grades import CourseGradeFactory
from tests.factories.learners import UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


class BackendRefusingTheSecond(EmailBackend):
    asked = 0

    def send_messages(self, messages):
        self.asked += 1
        if self.asked == 2:
            raise SMTPDataError(550, b"No such mailbox")
        return super().send_messages(messages)


class BackendReadingAddresses(EmailBackend):
    def send_messages(self, messages):
        for message in messages:
            sanitize_address(message.to[0], "utf-8")
        return super().send_messages(messages)


class BackendLeavingBeforeTheThird(EmailBackend):
    asked = 0
    error: BaseException = SMTPServerDisconnected("Connection unexpectedly closed")

    def send_messages(self, messages):
        self.asked += 1
        if self.asked == 3:
            raise self.error
        return super().send_messages(messages)


class BackendStoppedAtTheThird(BackendLeavingBeforeTheThird):
    error = KeyboardInterrupt()


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


def test_a_second_run_on_the_same_day_sends_nothing_again(mailoutbox, capsys):
    call_command("send_program_course_nudge_email")
    call_command("send_program_course_nudge_email")
    assert len(mailoutbox) == 1
    assert capsys.readouterr().out.splitlines()[1] == "0 e-mails sent to learners who passed a run on 2026-11-22."


def test_no_commit_records_nothing(mailoutbox):
    call_command("send_program_course_nudge_email", "--no-commit")
    assert not CourseNudge.objects.exists()
    call_command("send_program_course_nudge_email")
    assert len(mailoutbox) == 1


@pytest.fixture
def four_learners(learner):
    """`learner` and three others, in the order in which they are told."""
    program_uuid = ProgramEnrollment.objects.get().program_uuid
    others = UserFactory.create_batch(3)
    for user in others:
        ProgramEnrollmentFactory(user=user, program_uuid=program_uuid)
        CourseGradeFactory(user=user, passed_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    return [learner, *others]


def test_those_whom_the_mail_server_refuses_are_told_by_a_later_run(four_learners, settings, mailoutbox):
    settings.EMAIL_BACKEND = f"{__name__}.BackendRefusingTheSecond"
    with pytest.raises(CommandError, match=r"^1 e-mails could not be sent"):
        call_command("send_program_course_nudge_email")
    settings.EMAIL_BACKEND = LOCMEM
    call_command("send_program_course_nudge_email")
    assert [message.to for message in mailoutbox] == [[four_learners[n].email] for n in (0, 2, 3, 1)]


def test_an_address_that_is_none_does_not_keep_the_others_from_being_told(four_learners, settings, mailoutbox):
    settings.EMAIL_BACKEND = f"{__name__}.BackendReadingAddresses"
    type(four_learners[1]).objects.filter(pk=four_learners[1].pk).update(email="@")
    with pytest.raises(CommandError, match=r"^1 e-mails could not be sent"):
        call_command("send_program_course_nudge_email")
    assert [message.to for message in mailoutbox] == [[four_learners[n].email] for n in (0, 2, 3)]


@pytest.mark.parametrize(
    ("backend", "error"),
    [("BackendLeavingBeforeTheThird", CommandError), ("BackendStoppedAtTheThird", KeyboardInterrupt)],
)
def test_a_run_goes_on_where_one_was_interrupted(four_learners, settings, mailoutbox, backend, error):
    settings.EMAIL_BACKEND = f"{__name__}.{backend}"
    with pytest.raises(error):
        call_command("send_program_course_nudge_email")
    assert CourseNudge.objects.count() == len(mailoutbox) == 2
    settings.EMAIL_BACKEND = LOCMEM
    call_command("send_program_course_nudge_email")
    assert [message.to for message in mailoutbox] == [[user.email] for user in four_learners]


def test_a_mail_server_that_is_not_there_is_told_of_without_a_record(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = taken.getsockname()
        with pytest.raises(CommandError, match=r"^0 e-mails sent, then the mail server failed: .*refused"):
            call_command("send_program_course_nudge_email")
    assert not CourseNudge.objects.exists()
