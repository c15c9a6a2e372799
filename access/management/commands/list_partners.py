from typing import Any

from django.core.management.base import BaseCommand

from access.partners import describe_state, list_applications


class Command(BaseCommand):
    help = "List the partner applications: what they may do, and when they last got a token."

    def handle(self, *args: Any, **options: Any) -> None:
        for application in list_applications():
            last_used_at = application.last_used_at
            self.stdout.write(f"{application.name}")
            self.stdout.write(f"  client id  {application.client_id}")
            self.stdout.write(f"  state      {describe_state(application)}")
            for assignment in application.account.role_assignments.all():
                self.stdout.write(f"  role       {assignment.role} on {assignment.place}")
            self.stdout.write(f"  scopes     {' '.join(application.allowed_scopes)}")
            self.stdout.write(f"  last used  {f'{last_used_at:%Y-%m-%d %H:%M} UTC' if last_used_at else 'never'}")
