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
