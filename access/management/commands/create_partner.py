from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from access.constants import Role, Scope
from access.exceptions import PartnerError
from access.onboarding import add_base_url_argument, write_instructions
from access.partners import create_partner


class Command(BaseCommand):
    help = "Create a partner application, and print its id and secret with the commands that use them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help='what it is called here, like "UC Davis student records"')
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--organization", metavar="KEY", help="all programs that this organization authors")
        place.add_argument("--program", metavar="UUID", type=UUID, help="this program only")
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument(
            "--scopes", nargs="+", choices=Scope.values, help="what its tokens may hold (default: all of the role)"
        )
        add_base_url_argument(parser)

    def handle(self, *args: Any, name: str, role: str, base_url: str, **options: Any) -> None:
        scopes = options["scopes"]
        try:
            issued = create_partner(
                name,
                role=Role(role),
                organization_key=options["organization"],
                program_uuid=options["program"],
                scopes=None if scopes is None else [Scope(scope) for scope in scopes],
            )
        except PartnerError as error:
            raise CommandError(str(error)) from error
        place = (
            f"organization {options['organization']}" if options["organization"] else f"program {options['program']}"
        )
        self.stdout.write(f"Partner        {issued.application.name}: {role} on {place}")
        self.stdout.write(f"Scopes         {' '.join(issued.application.allowed_scopes)}")
        self.stdout.write(write_instructions(issued, base_url=base_url), ending="")
