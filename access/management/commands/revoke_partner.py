from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.exceptions import PartnerError
from access.partners import revoke_application


class Command(BaseCommand):
    help = "Refuse a partner application from now on, with its secrets and all of its tokens. For good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client_id")

    def handle(self, *args: Any, client_id: str, **options: Any) -> None:
        try:
            application = revoke_application(client_id)
        except PartnerError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{application.name} is revoked.")
