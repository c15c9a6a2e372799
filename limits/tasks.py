"""Queue entry points of limits."""

import logging

from django_tasks import task

from limits import pruning

logger = logging.getLogger(__name__)


@task()
def prune_request_counts() -> None:
    """Delete counts of requests that no limit looks at any more."""
    logger.info("Deleted %d counts of requests.", pruning.prune_request_counts())
