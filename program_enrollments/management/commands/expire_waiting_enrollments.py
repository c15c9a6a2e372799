"""Delete enrollments whose learners never came."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from program_enrollments import api
from program_enrollments.management.progress import delete_with_progress

MAX_DAYS = 36_500


def days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_DAYS:
        raise ArgumentTypeError(f"{text!r} is not a number of days from 1 to {MAX_DAYS}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Delete program enrollments that wait for an account and were not modified for a number of days, with their "
        "course enrollments and all history, so that no student key stays behind. Does not touch enrollments that are "
        "linked to an account. Skips learners named in an unfinished import or download; the next run handles them. "
        "Works in chunks that are committed one by one; run it again after an interruption."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expiration-days",
            type=days,
            default=60,
            metavar="DAYS",
            help="delete what was last modified at least so many days of 24 hours ago (default: 60)",
        )

    def handle(self, *args: Any, expiration_days: int, **options: Any) -> None:
        expired = api.list_waiting_since(timezone.now() - timedelta(days=expiration_days))
        counts = delete_with_progress(expired, spares_named=True)
        self.stdout.write(
            f"Deleted {counts.program_enrollments} waiting program enrollments "
            f"and their {counts.program_course_enrollments} course enrollments."
        )
        if counts.spared:
            self.stdout.write(
                f"Skipped {counts.spared}: they are (or may be) named in unfinished imports or downloads."
            )
