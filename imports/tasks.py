"""Queue entry points of imports, and of the queue itself.

Each may be run again after its worker died: none does anything twice.
"""

import logging
from uuid import UUID

from django.core.management import call_command
from django_tasks import task

from imports.pruning import prune_imports
from imports.running import run_imports_of_program

logger = logging.getLogger(__name__)

TASKS_KEPT_DAYS = 2
"""Longer than a day, so that the daily ones remember when they ran."""


@task()
def run_imports(program_uuid: str) -> None:
    """Run a program's imports, unless a worker is at it; leave to another worker what this one leaves undone."""
    if not run_imports_of_program(UUID(program_uuid)):
        run_imports.enqueue(program_uuid)


@task()
def prune_old_imports() -> None:
    """Delete imports that are kept no longer."""
    logger.info("Deleted %d old imports.", prune_imports())


@task()
def prune_tasks() -> None:
    """Delete what is remembered of finished tasks."""
    call_command("prune_db_task_results", queue_name="*", min_age_days=TASKS_KEPT_DAYS, verbosity=0)
