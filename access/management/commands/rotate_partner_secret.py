from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.exceptions import PartnerError
from access.onboarding import add_base_url_argument, write_instructions
from access.partners import rotate_secret


class Command(BaseCommand):
    help = "Give a partner application a new secret; the old one stays valid for a while."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client_id")
        parser.add_argument(
            "--overlap-hours",
            type=float,
            default=24,
            help="how long the old secret stays valid (%(default)s); 0 for a secret that leaked",
        )
        add_base_url_argument(parser)

    def handle(self, *args: Any, client_id: str, overlap_hours: float, base_url: str, **options: Any) -> None:
        try:
            issued = rotate_secret(client_id, overlap=timedelta(hours=overlap_hours))
        except (PartnerError, OverflowError, ValueError) as error:  # the latter two: hours beyond all calendars
            raise CommandError(str(error)) from error
        self.stdout.write(f"Partner        {issued.application.name}")
        expires_at = issued.application.retiring_client_secret_expires_at
        until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "no longer"
        self.stdout.write(f"Old secret     valid {until}")
        self.stdout.write(write_instructions(issued, base_url=base_url), ending="")
