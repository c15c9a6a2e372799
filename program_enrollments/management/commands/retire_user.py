"""Forget a learner for good."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from program_enrollments import api
from program_enrollments.constants import ChangeReason
from program_enrollments.exceptions import LearnerStillNamed, UserDoesNotExist, UserIsStaff

SOURCE = api.ChangeSource(reason=ChangeReason.RETIRED_BY_COMMAND.value)


class Command(BaseCommand):
    help = (
        "Retire an account: its student keys are replaced by salted hashes, history included, its identities are "
        "removed, and the account becomes anonymous and unusable (username, e-mail, names, password, inactive). This "
        "cannot be undone. Enrollments, grades and certificates stay, without a name. Refuses members of staff and "
        "superusers, and does nothing while an import or download that is not finished names the learner. All or "
        "nothing; running it again with the same username changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="the account's username, before it was retired")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        try:
            replaced = api.retire_user(username, source=SOURCE)
        except (LearnerStillNamed, UserDoesNotExist, UserIsStaff) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Retired. The student keys of {replaced} program enrollments were replaced.")
