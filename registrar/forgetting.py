"""Forgetting learners whom results name."""

import json
from collections.abc import Collection
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from imports.constants import RUNNABLE_STATES
from registrar.constants import RUNNING_STATES, UPLOADS, JobOperation
from registrar.models import Job


def delete_jobs_that_name(program_uuids: Collection[UUID], words: Collection[str]) -> None:
    """Delete the finished jobs of these programs whose files hold one of the words, and the files once it is committed.

    Whoever still wants the result starts the read again.
    """
    spellings = {spelling.encode() for word in words for spelling in (word, json.dumps(word)[1:-1])}
    jobs = Job.objects.filter(program_uuid__in=program_uuids).exclude(file="")
    is_read = [operation for operation in JobOperation if operation not in UPLOADS]
    is_running = Q(operation__in=is_read, state__in=RUNNING_STATES) | Q(upload__state__in=RUNNABLE_STATES)
    for job in jobs.exclude(is_running).select_for_update(of=("self",)):
        if _holds_any(job, spellings):
            job.delete()
            transaction.on_commit(partial(job.file.storage.delete, str(job.file.name)), robust=True)


def _holds_any(job: Job, spellings: Collection[bytes]) -> bool:
    try:
        with job.file.open("rb") as file:
            return any(spelling in line for line in file for spelling in spellings)
    except FileNotFoundError:
        return False
