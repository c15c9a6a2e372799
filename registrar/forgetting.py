"""Forgetting learners whom results name."""

from collections.abc import Collection
from functools import partial
from io import TextIOWrapper
from typing import IO, cast
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from imports.constants import RUNNABLE_STATES
from imports.words import Words
from registrar.constants import JobState
from registrar.models import Job


def delete_jobs_that_name(
    program_uuids: Collection[UUID], student_keys: Collection[str], names: Collection[str]
) -> dict[str, set[str]]:
    """Delete the finished jobs of these programs whose files name a learner, and the files once it is committed.

    Whoever still wants the result starts the read again.
    Returns: {a job that is at work: the student keys that its file names, or may}.
    """
    _let_no_read_begin()
    words = Words({*student_keys, *names})
    at_work = {}
    for job in _list_jobs(program_uuids):
        if job.is_read_now:  # type: ignore[attr-defined]  # annotated
            at_work[f"download {job.pk}"] = set(student_keys)
        elif not (found := _find_in_file(job, words)):
            continue
        elif job.upload and job.upload.state in RUNNABLE_STATES:
            at_work[f"import {job.upload.pk}"] = found.intersection(student_keys) or set(student_keys)
        else:
            job.delete()
            transaction.on_commit(partial(job.file.storage.delete, str(job.file.name)), robust=True)
    return at_work


def _let_no_read_begin() -> None:
    """Let reads wait that have not begun, until the transaction ends: after it, they find nobody to name.

    A read that has begun is told by its job, and may have seen what is being forgotten.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {connection.ops.quote_name(Job._meta.db_table)} IN SHARE ROW EXCLUSIVE MODE")


def _list_jobs(program_uuids: Collection[UUID]) -> QuerySet[Job]:
    """Return the jobs that have a file, or are at work on one, with `is_read_now`."""
    # One whose worker has died reads nothing; it begins afresh when another one takes it up.
    has_worker = DBTaskResult.objects.filter(pk=OuterRef("task_id"), status=TaskResultStatus.RUNNING).order_by()
    is_read_now = Q(Exists(has_worker), state=JobState.IN_PROGRESS)
    jobs = Job.objects.filter(program_uuid__in=program_uuids).annotate(is_read_now=is_read_now)
    return jobs.filter(~Q(file="") | Q(is_read_now=True)).select_related("upload")


def _find_in_file(job: Job, words: Words) -> set[str]:
    try:
        with job.file.open("rb") as file:
            return words.find_in(TextIOWrapper(cast(IO[bytes], file), "utf-8", "replace", ""))
    except FileNotFoundError:
        return set()
