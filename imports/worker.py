"""The process that runs tasks, and takes up what a process before it has left behind."""

import gc
import logging
import random
import signal
import time
from datetime import timedelta
from types import FrameType
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, connections, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.module_loading import import_string
from django_tasks.base import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker as TaskRunner
from django_tasks_db.models import DBTaskResult

from imports.constants import RUNNABLE_STATES
from imports.locking import lock_number
from imports.models import Import
from imports.running import program_lock, stop_running
from imports.tasks import run_imports
from imports.watching import SIGNED_IN

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
LOOK_AROUND_EVERY = timedelta(seconds=5)
DAY = timedelta(hours=24)

# The server notices within seconds that this process, or its machine, is gone, and lets its locks go.
SIGN_IN = """
SET client_connection_check_interval = '5s';
SET tcp_keepalives_idle = 5;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 2;
SELECT pg_advisory_lock(%s);
SELECT pg_advisory_lock_shared(%s)
"""


class Worker:
    """Runs queued tasks until it is told to stop; outlives restarts of the database.

    While it lives, its connection holds the lock of its name: whose lock is free has died.
    """

    def __init__(self) -> None:
        self._name = get_random_string(32)
        self._runner = TaskRunner(
            queue_names=["*"],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=self._name,
            excluded_queue_names=[],
        )
        self._is_stopping = False
        self._signed_in_on: object = None
        self._look_around_at = timezone.now()

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: end after the chunk under way; another worker goes on with its import."""
        self._is_stopping = True
        stop_running()

    def run(self) -> None:
        """Work until a signal comes."""
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, self.stop)
        # Chunks of an import are many objects and no cycles: looking for those would take a third of its time.
        gc.freeze()
        gc.set_threshold(200_000, 20, 20)
        logger.info("The worker has started.")
        while not self._is_stopping:
            try:
                self._sign_in()
                self._look_around()
                is_idle = not self._run_next_task()
                close_old_connections()
            except (DatabaseError, InterfaceError) as fault:
                logger.warning("The database cannot be used (%s); trying again.", type(fault).__name__)
                connections.close_all()
                is_idle = True
            if is_idle and not self._is_stopping:
                time.sleep(IDLE_SECONDS + random.uniform(0, IDLE_SECONDS))  # noqa: S311 -- spreads workers
        logger.info("The worker has stopped.")

    def _sign_in(self) -> None:
        connection.ensure_connection()
        if connection.connection is not self._signed_in_on:
            with connection.cursor() as cursor:
                cursor.execute(SIGN_IN, [_number_of(self._name), lock_number(SIGNED_IN)])
            self._signed_in_on = connection.connection
            # With the connection before it, this process lost the import that it ran.
            self._look_around_at = timezone.now()

    def _look_around(self) -> None:
        if timezone.now() < self._look_around_at:
            return
        self._look_around_at = timezone.now() + LOOK_AROUND_EVERY
        requeue_lost_tasks()
        queue_abandoned_imports()
        queue_daily_tasks()

    def _run_next_task(self) -> bool:
        with transaction.atomic():
            task = DBTaskResult.objects.ready().get_locked()
            if task is None:
                return False
            task.claim(self._name)
        self._runner.run_task(task)
        return True


def requeue_lost_tasks() -> None:
    """Put the tasks of workers that died back into the queue."""
    for task in DBTaskResult.objects.running():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number_of(task.worker_ids[-1])])
            if cursor.fetchone()[0]:
                lost = DBTaskResult.objects.running().filter(pk=task.pk, worker_ids=task.worker_ids)
                lost.update(status=TaskResultStatus.READY)


def queue_abandoned_imports() -> None:
    """Queue the programs with imports to run that no worker runs."""
    runnable = Import.objects.filter(state__in=RUNNABLE_STATES).order_by()
    for program_uuid in runnable.values_list("program_uuid", flat=True).distinct():
        with program_lock(program_uuid) as is_free:
            if is_free and not _is_queued(program_uuid):
                run_imports.enqueue(str(program_uuid))


def _is_queued(program_uuid: UUID) -> bool:
    return (
        DBTaskResult.objects.ready()
        .filter(task_path=run_imports.module_path, args_kwargs__args=[str(program_uuid)])
        .exists()
    )


def queue_daily_tasks() -> None:
    """Queue what is to be done once a day (setting `DAILY_TASKS`), by one of all workers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number("daily tasks")])
        if not cursor.fetchone()[0]:
            return
        recent = set(
            DBTaskResult.objects.filter(enqueued_at__gt=timezone.now() - DAY)
            .order_by()
            .values_list("task_path", flat=True)
            .distinct()
        )
        for path in settings.DAILY_TASKS:
            if path not in recent:
                import_string(path).enqueue()


def _number_of(worker_name: str) -> int:
    return lock_number(f"worker:{worker_name}")
