"""Delete all enrollments of programs."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from catalog.service import get_catalog
from program_enrollments import api
from program_enrollments.management.progress import delete_with_progress


def uuids(text: str) -> list[UUID]:
    try:
        return [UUID(part.strip()) for part in text.split(",")]
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a list of uuids separated by commas") from error


class Command(BaseCommand):
    help = (
        "Delete all program enrollments of the given programs, with their course enrollments and all history. This "
        "cannot be undone. Does not touch accounts, nor what they hold in course runs (course enrollments, roles, "
        "grades). Works in chunks that are committed one by one; run it again after an interruption."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "program_uuids",
            type=uuids,
            metavar="UUID[,UUID]",
            help="the programs, separated by commas; they need not be in the catalog any more",
        )
        parser.add_argument("--force", action="store_true", help="do not ask before deleting")

    def handle(self, *args: Any, program_uuids: list[UUID], force: bool, **options: Any) -> None:
        enrollments = api.list_enrollments_of_programs(program_uuids)
        if not force:
            self._confirm(program_uuids, enrollments.count())
        counts = delete_with_progress(enrollments)
        api.delete_history_of_programs(program_uuids)
        self.stdout.write(
            f"Deleted {counts.program_enrollments} program enrollments "
            f"and their {counts.program_course_enrollments} course enrollments."
        )

    def _confirm(self, program_uuids: list[UUID], count: int) -> None:
        self.stdout.write(f"This deletes {count} program enrollments, with all history, from:")
        titles = {program.uuid: program.title for program in get_catalog().list_programs(program_uuids)}
        for uuid in program_uuids:
            self.stdout.write(f"  {uuid} {titles.get(uuid, '(not in the catalog)')}")
        try:
            answer = input("Type 'yes' to go on: ")
        except EOFError as error:
            raise CommandError("Nobody was there to ask; use --force. Nothing was deleted.") from error
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was deleted.")
