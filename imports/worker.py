"""The process that runs tasks, and takes up what a process before it has left behind."""

import logging
import random
import signal
import time
from datetime import timedelta
from types import FrameType
from uuid import UUID

from django.db import InterfaceError, OperationalError, close_old_connections, connections, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker as TaskWorker
from django_tasks_db.models import DBTaskResult

from imports.constants import RUNNABLE_STATES
from imports.models import Import
from imports.running import program_lock, stop_running
from imports.tasks import prune, run_imports

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
LOOK_AROUND_EVERY = timedelta(seconds=5)
PRUNE_EVERY = timedelta(hours=24)


class Worker:
    """Runs queued tasks until it is told to stop; outlives restarts of the database."""

    def __init__(self) -> None:
        self._tasks = TaskWorker(
            queue_names=["*"],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=get_random_string(32),
            excluded_queue_names=[],
        )
        self._is_stopping = False
        self._look_around_at = timezone.now()

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: end after the chunk under way; another worker goes on with its import."""
        self._is_stopping = True
        self._tasks.running = False
        stop_running()

    def run(self) -> None:
        """Work until a signal comes."""
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, self.stop)
        while not self._is_stopping:
            try:
                self._look_around()
                self._tasks.run()
            except (OperationalError, InterfaceError) as fault:
                logger.warning("The database cannot be reached (%s); trying again.", type(fault).__name__)
                connections.close_all()
            close_old_connections()
            if not self._is_stopping:
                time.sleep(IDLE_SECONDS + random.uniform(0, IDLE_SECONDS))  # noqa: S311 -- spreads workers

    def _look_around(self) -> None:
        if timezone.now() < self._look_around_at:
            return
        self._look_around_at = timezone.now() + LOOK_AROUND_EVERY
        queue_abandoned_imports()
        queue_periodic_work()


def queue_abandoned_imports() -> int:
    """Queue the programs with imports to run that no worker runs: theirs died. Returns how many."""
    queued = 0
    runnable = Import.objects.filter(state__in=RUNNABLE_STATES).order_by()
    for program_uuid in runnable.values_list("program_uuid", flat=True).distinct():
        with program_lock(program_uuid) as is_free:
            if is_free and not _is_queued(program_uuid):
                run_imports.enqueue(str(program_uuid))
                queued += 1
    return queued


def _is_queued(program_uuid: UUID) -> bool:
    return (
        DBTaskResult.objects.ready()
        .filter(task_path=run_imports.module_path, args_kwargs__args=[str(program_uuid)])
        .exists()
    )


def queue_periodic_work() -> None:
    """Queue the daily pruning, once for all workers."""
    with transaction.atomic(), program_lock(UUID(int=0)) as is_ours:
        recently = DBTaskResult.objects.filter(
            task_path=prune.module_path, enqueued_at__gt=timezone.now() - PRUNE_EVERY
        )
        if is_ours and not recently.exists():
            prune.enqueue()
