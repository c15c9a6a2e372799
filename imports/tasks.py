"""Queue entry points of imports."""

import logging
from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django_tasks import task

from imports.pruning import prune_imports
from imports.running import run_imports_of_program

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2


@task()
def run_imports(program_uuid: str) -> None:
    """Run a program's imports; while another worker is at it, look again soon."""
    if not run_imports_of_program(UUID(program_uuid)):
        run_imports.using(run_after=timezone.now() + timedelta(seconds=RETRY_SECONDS)).enqueue(program_uuid)


@task()
def prune() -> None:
    """Delete what is kept no longer."""
    logger.info("Deleted %d old imports.", prune_imports())
