"""Queue entry points: read jobs, and deleting old ones once a day."""

import logging
from uuid import UUID

from django_tasks import task

from registrar.pruning import prune_jobs
from registrar.reading import run_read_job

logger = logging.getLogger(__name__)


@task()
def read(job_id: str) -> None:
    """Write the result of a read job."""
    run_read_job(UUID(job_id))


@task()
def prune_old_jobs() -> None:
    """Delete jobs that are kept no longer, with their files."""
    logger.info("Deleted %d old jobs.", prune_jobs())
