"""Queue entry points of program enrollments."""

import logging

from django_tasks import task

from program_enrollments import api

logger = logging.getLogger(__name__)


@task()
def prune_idempotency_keys() -> None:
    """Delete answers to writes that are no longer remembered."""
    logger.info("Deleted %d idempotency keys.", api.prune_idempotency_keys())
