"""Counts of requests, kept here when there is no shared cache."""

from django.db import models


class RequestCount(models.Model):
    """How many requests one requester sent in one scope and window of time, the latest.

    The table is unlogged: counting waits for no disk, and a crash of the database may forget the last minute.
    """

    counter = models.CharField(max_length=64, primary_key=True)
    window = models.BigIntegerField(help_text="number of the window, counted from 1970 in the length of windows")
    requests = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.requests} requests"
