"""Jobs, as Registrar's clients know them."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from model_utils.models import TimeStampedModel

from registrar.constants import UPLOADS, JobOperation, JobState, ResultFormat, ResultText


class Job(TimeStampedModel):
    """Work that a caller has started: a read, done by a task, or an upload, which is an import.

    `file` is the result of a read; of an upload, its rows in the order of the result (`registrar.uploads`). `state`,
    `text` and `error` are those of a read; an upload has its import's. `rows_refused` counts the rows of an upload's
    result that the import never saw.

    A job outlives its import and its owner, since whoever deletes those does not know of the file.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    operation = models.CharField(max_length=32, choices=JobOperation)
    program_uuid = models.UUIDField("program")
    program_key = models.CharField(max_length=255, help_text="As it was when the job started: part of its name.")
    course_key = models.CharField(max_length=255, blank=True, default="", help_text="The run that is read.")
    fmt = models.CharField("format", max_length=4, choices=ResultFormat)
    with_names = models.BooleanField(default=False, help_text="The result has usernames and e-mail addresses.")
    with_course_staff = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    state = models.CharField(max_length=11, choices=JobState, default=JobState.PENDING)
    text = models.CharField(max_length=3, choices=ResultText, blank=True, default="")
    error = models.TextField(blank=True, default="")
    task_id = models.UUIDField(null=True, blank=True)
    upload = models.OneToOneField(
        "imports.Import", on_delete=models.SET_NULL, null=True, blank=True, related_name="registrar_job"
    )
    rows_refused = models.PositiveIntegerField(default=0)
    file = models.FileField(upload_to="registrar/%Y/%m/", blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created", "id")
        constraints = (
            models.CheckConstraint(condition=Q(operation__in=JobOperation.values), name="job_known_operation"),
            models.CheckConstraint(condition=Q(fmt__in=ResultFormat.values), name="job_known_format"),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_known_state"),
            models.CheckConstraint(
                condition=Q(upload__isnull=True) | Q(operation__in=[operation.value for operation in UPLOADS]),
                name="job_only_uploads_are_imports",
            ),
        )
        indexes = (models.Index(fields=["program_uuid"], name="job_of_program"),)

    def __str__(self) -> str:
        return f"job {self.pk}"

    @property
    def name(self) -> str:
        """How clients tell jobs apart; the console takes the first part for the program's key."""
        if self.operation == JobOperation.GET_COURSE_RUN_GRADES:
            return self.operation
        direction = "write" if self.operation in UPLOADS else "read"
        return f"{self.program_key}:{direction}:{self.operation}"
