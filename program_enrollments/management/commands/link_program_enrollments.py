"""Link learners' enrollments to accounts by hand."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from program_enrollments import api
from program_enrollments.constants import ChangeReason
from program_enrollments.exceptions import ProgramDoesNotExist

SOURCE = api.ChangeSource(reason=ChangeReason.LINKED_BY_COMMAND.value)


def student_and_username(text: str) -> tuple[str, str]:
    # A student key may hold colons, a username cannot.
    student_key, colon, username = text.rpartition(":")
    if not (colon and student_key.strip() and username.strip()):
        raise ArgumentTypeError(f"{text!r} is not of the form student_key:username")
    return student_key.strip(), username.strip()


class Command(BaseCommand):
    help = (
        "Link learners' enrollments in one program to accounts: their course runs are entered, and roles that wait are "
        "granted. If a different account is linked, it is unlinked first: its course enrollments are deactivated and "
        "set to audit. Does not create accounts, enrollments or identities. Each learner is committed on its own; "
        "run it again after an interruption. The exit code is 1 if any learner could not be linked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program_uuid", type=UUID, metavar="PROGRAM_UUID", help="the program")
        parser.add_argument(
            "pairs",
            nargs="+",
            type=student_and_username,
            metavar="STUDENT_KEY:USERNAME",
            help="a student key and the account to link; the last colon separates them",
        )

    def handle(self, *args: Any, program_uuid: UUID, pairs: list[tuple[str, str]], **options: Any) -> None:
        usernames = dict(pairs)
        if len(usernames) < len(pairs):
            raise CommandError("A student key is given twice; nothing was linked.")
        failures = 0
        for student_key, username in tqdm(usernames.items(), unit=" learners", disable=None):
            try:
                errors = api.link_program_enrollments(program_uuid, {student_key: username}, source=SOURCE)
            except ProgramDoesNotExist as error:
                raise CommandError(str(error)) from error
            with tqdm.external_write_mode():
                self.stdout.write(f"{student_key}: {errors.get(student_key, f'linked to {username}')}")
            failures += len(errors)
        if failures:
            raise CommandError(f"{failures} of {len(usernames)} learners could not be linked.")
