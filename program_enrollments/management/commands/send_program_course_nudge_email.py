"""Tell learners who passed a course run yesterday of the program's next one."""

from argparse import ArgumentParser
from datetime import timedelta
from smtplib import SMTPException, SMTPServerDisconnected
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
        "neither in nor has passed. Made to run once a day. Each e-mail is recorded when it is sent: run it again "
        "after an interruption, on the same day, and it sends those that are left. The exit code is 1 if any was not "
        "sent."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-commit", action="store_true", help="send nothing, and print how many it would be")

    def handle(self, *args: Any, no_commit: bool, **options: Any) -> None:
        yesterday = timezone.localdate() - timedelta(days=1)
        nudges = api.list_nudges(yesterday)
        if no_commit:
            self.stdout.write(f"{len(nudges)} e-mails would be sent to learners who passed a run on {yesterday}.")
            return
        sent = refused = 0
        try:
            with get_connection() as connection:
                for nudge in tqdm(nudges, unit=" e-mails", disable=None):
                    try:
                        sent += api.send_nudge(nudge, connection)
                    except SMTPServerDisconnected:
                        raise
                    except (SMTPException, ValueError):  # of one learner's address
                        refused += 1
        except OSError as error:
            raise CommandError(f"{sent} e-mails sent, then the mail server failed: {error}. Run it again.") from error
        self.stdout.write(f"{sent} e-mails sent to learners who passed a run on {yesterday}.")
        if refused:
            raise CommandError(
                f"{refused} e-mails could not be sent: the mail server refused them or the address is invalid."
            )
