"""Runs queued work: what `make run` starts beside the server, and docker-compose scales."""

from typing import Any

from django.core.management.base import BaseCommand

from imports.worker import Worker


class Command(BaseCommand):
    """`manage.py run_worker`."""

    help = (
        "Run queued work (imports, daily pruning) until SIGINT or SIGTERM. Start as many as wanted, on any machine "
        "that reaches the database and the file storage; one program's imports run one after another all the same. A "
        "worker may be killed at any time: another goes on where it stopped."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        Worker().run()
