"""Published strings of the catalog."""

from django.db import models


class Pacing(models.TextChoices):
    """Who sets the pace of a course run. Stored: a change needs a migration."""

    INSTRUCTOR = "instructor", "Instructor-paced"
    SELF = "self", "Self-paced"
