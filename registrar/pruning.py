"""Deleting jobs that are kept no longer."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from imports.stray_files import delete_stray_files
from registrar.constants import UPLOADS
from registrar.models import Job


def prune_jobs() -> int:
    """Delete reads that are older than `REGISTRAR_RESULT_DAYS`, and uploads whose imports are gone, with their files.

    Files that no job has are deleted, too. Returns how many jobs.
    """
    oldest = timezone.now() - timedelta(days=settings.REGISTRAR_RESULT_DAYS)
    is_upload = Q(operation__in=UPLOADS)
    old_reads, uploads_without_import = ~is_upload & Q(created__lt=oldest), is_upload & Q(upload=None)
    pruned = 0
    for job in Job.objects.filter(old_reads | uploads_without_import).iterator():
        job.delete()
        job.file.delete(save=False)
        pruned += 1
    delete_stray_files(Job.file.field)
    return pruned
