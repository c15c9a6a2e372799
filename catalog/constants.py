"""Published strings of the catalog."""

from django.db import models


class Pacing(models.TextChoices):
    """Who sets the pace of a course run. Stored: a change needs a migration."""

    INSTRUCTOR = "instructor", "Instructor-paced"
    SELF = "self", "Self-paced"


ACTIVE_STATUS = "active"
RETIRED_STATUS = "retired"
"""Statuses of a program that we give ourselves. Stored; a catalog may send any other word."""
