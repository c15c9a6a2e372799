"""Adds the demo data."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.catalog import CATALOG_FILE
from demo.school import is_demo_catalog_loaded, load_school


class Command(BaseCommand):
    """`manage.py load_demo`."""

    help = (
        "Add the demo data to the demo catalog: a partner and a staff account, learners with and without accounts, "
        "course runs in every state, grades and certificates. Run it again to move the dates of the terms to today; "
        "whatever was changed otherwise stays. Refused when DEBUG is off, since its passwords are published."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo data has published passwords; it is loaded only when DEBUG is on.")
        if not is_demo_catalog_loaded():
            relative_path = CATALOG_FILE.relative_to(settings.BASE_DIR)
            raise CommandError(f"Load the demo catalog first: manage.py load_catalog {relative_path}")
        load_school()
        self.stdout.write("The demo data is loaded.")
