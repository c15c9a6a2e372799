"""Words of tokens and roles."""

from django.db import models


class Scope(models.TextChoices):
    """What a token may be used for. Stored and published: partners ask for scopes by these names."""

    ENROLLMENTS_READ = "enrollments:read", "Read enrollments"
    ENROLLMENTS_WRITE = "enrollments:write", "Change enrollments"
    GRADES_READ = "grades:read", "Read grades"
    IMPORTS_WRITE = "imports:write", "Import files"


class Role(models.TextChoices):
    """What its holder may do in programs. Stored. A writer may do all that a reader may."""

    READER = "reader", "Reader: sees enrollments and grades"
    WRITER = "writer", "Writer: also changes them"


SCOPES_OF_ROLE = {
    Role.READER: (Scope.ENROLLMENTS_READ, Scope.GRADES_READ),
    Role.WRITER: tuple(Scope),
}
"""The scopes of use to whoever holds the role: what a new partner gets unless told otherwise."""
