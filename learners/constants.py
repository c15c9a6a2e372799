"""Strings that describe what learners hold in course runs."""

from django.db import models


class CourseMode(models.TextChoices):
    """The track of a course enrollment. Stored; other systems may store modes that are not listed here."""

    AUDIT = "audit", "Audit"
    HONOR = "honor", "Honor"
    VERIFIED = "verified", "Verified"
    PROFESSIONAL = "professional", "Professional"
    MASTERS = "masters", "Master's"
    EXECUTIVE_EDUCATION = "executive-education", "Executive education"
    PAID_EXECUTIVE_EDUCATION = "paid-executive-education", "Paid executive education"
    PAID_BOOTCAMP = "paid-bootcamp", "Paid bootcamp"


class CourseRole(models.TextChoices):
    """A role of an account on a course run. Stored."""

    STAFF = "staff", "Staff"
    INSTRUCTOR = "instructor", "Instructor"


class RemappingOutcome(models.TextChoices):
    """What became of one record of an identity mapping. Internal; the labels are printed."""

    CHANGED = "changed", "changed"
    UNCHANGED = "unchanged", "has this student key already"
    UNKNOWN_EMAIL = "unknown-email", "no account has this e-mail"
    NO_IDENTITY = "no-identity", "the account has no identity at this provider"
    AMBIGUOUS = "ambiguous", "several identities at this provider fit this e-mail"
    REPEATED = "repeated", "the e-mail or the student key stands in several records"
    KEY_TAKEN = "key-taken", "another account has this student key"
