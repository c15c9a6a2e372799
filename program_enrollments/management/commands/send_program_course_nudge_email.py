"""Tell learners who passed a course run yesterday of the program's next one."""

from argparse import ArgumentParser
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from program_enrollments import api


class Command(BaseCommand):
    help = (
        "Send an e-mail to each learner who passed a course run yesterday (a day of the site's time zone) in a program "
        "in which he or she is enrolled: it names the program's next open run, of a course that the learner is "
        "neither in nor has passed. Made to run once a day. What was sent is not recorded: a second run on the "
        "same day sends the same messages again, with the same Message-ID, which most mailboxes show once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-commit", action="store_true", help="send nothing, and print how many it would be")

    def handle(self, *args: Any, no_commit: bool, **options: Any) -> None:
        yesterday = timezone.localdate() - timedelta(days=1)
        nudges = api.list_nudges(yesterday)
        if no_commit:
            self.stdout.write(f"{len(nudges)} e-mails would be sent to learners who passed a run on {yesterday}.")
            return
        failures = 0
        with get_connection() as connection:
            for nudge in tqdm(nudges, unit=" e-mails", disable=None):
                try:
                    connection.send_messages([nudge.as_email()])
                except SMTPException:
                    failures += 1
        self.stdout.write(f"{len(nudges) - failures} e-mails sent to learners who passed a run on {yesterday}.")
        if failures:
            raise CommandError(f"The mail server refused {failures} e-mails.")
