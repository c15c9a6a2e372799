"""Columns that lead from a history row back to the request that made it."""

from django.db import models

from tracing.service import get_client_id, get_request_id


class TracedChange(models.Model):
    """Base of history models: `HistoricalRecords(bases=[TracedChange])`. Empty for changes outside of requests."""

    request_id = models.CharField(max_length=128, default=get_request_id, editable=False)
    client_id = models.CharField("application", max_length=255, default=get_client_id, editable=False)

    class Meta:
        abstract = True
