"""Imports and the plans that they carry out."""

from uuid import uuid4

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from model_utils.models import TimeStampedModel

from imports.constants import ImportAction, ImportKind, ImportMode, ImportState, RowOutcome


class Import(TimeStampedModel):
    """One uploaded file, or one undo, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    program_uuid = models.UUIDField("program")
    kind = models.CharField(max_length=24, choices=ImportKind)
    action = models.CharField(max_length=8, choices=ImportAction, default=ImportAction.UPSERT)
    mode = models.CharField(max_length=8, choices=ImportMode, default=ImportMode.APPLY)
    is_atomic = models.BooleanField("atomic", default=False, help_text="One rejected row rejects all.")
    is_snapshot = models.BooleanField("snapshot", default=False, help_text="The file is the whole roster.")
    drop_status = models.CharField(max_length=9, blank=True, default="")
    max_drop = models.PositiveIntegerField(null=True, blank=True)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by")

    file = models.FileField(upload_to="imports/%Y/%m/", blank=True)
    file_name = models.CharField(max_length=255, blank=True, default="")
    content_type = models.CharField(max_length=100, blank=True, default="")
    encoding = models.CharField(max_length=20, blank=True, default="")
    delimiter = models.CharField(max_length=1, blank=True, default="")
    header = models.JSONField(default=list, blank=True)
    unknown_columns = models.JSONField(default=list, blank=True)

    state = models.CharField(max_length=20, choices=ImportState, default=ImportState.QUEUED)
    is_cancel_asked = models.BooleanField(default=False)
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    rows_total = models.PositiveIntegerField(default=0, help_text="Rows in the plan so far; all once it is planned.")
    done_course_key = models.CharField(max_length=255, blank=True, default="")
    done_position = models.PositiveIntegerField(
        default=0, help_text="Rows are carried out by course run, then position; so far has been done."
    )
    rows_done = models.PositiveIntegerField(default=0, help_text="Rows of the plan that were carried out.")
    counts = models.JSONField(default=dict, blank=True, help_text="Rows of the plan by outcome.")
    scope_active = models.PositiveIntegerField(
        null=True, blank=True, help_text="Active learners of a snapshot's scope."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    request_id = models.CharField(max_length=128, blank=True, default="")

    class Meta:
        ordering = ("-created", "id")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=ImportKind.values), name="import_known_kind"),
            models.CheckConstraint(condition=Q(action__in=ImportAction.values), name="import_known_action"),
            models.CheckConstraint(condition=Q(mode__in=ImportMode.values), name="import_known_mode"),
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_known_state"),
        )
        indexes = (models.Index(fields=["program_uuid", "created"], name="import_of_program"),)

    def __str__(self) -> str:
        return f"import {self.pk}"


class ImportRow(models.Model):
    """One row of an import's plan: a line of the file, or (`line` null) a learner whom a snapshot drops.

    `before` and `after` hold what the row changes: {"status": …} and, in course runs, "course_staff"; `before` is
    null where nothing stands. `account_before`, for rows of course runs that are created: what the learner's account
    had in the run until then, as `AccountInRun`. `result` is set while planning, and only on a row that repeats an
    earlier one and so is not carried out: to the contract's word for it; else it is empty.
    """

    pk = models.CompositePrimaryKey("owner_id", "position")
    # A check of each of a million rows, which only the worker of their import writes, would cost a tenth of planning.
    owner = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="rows", db_index=False, db_constraint=False
    )
    position = models.PositiveIntegerField(help_text="Order of the rows: lines of the file, then drops.")
    line = models.PositiveIntegerField(null=True)
    student_key = models.CharField(max_length=255, blank=True, default="")
    curriculum_uuid = models.UUIDField(null=True)
    course_key = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=255, blank=True, default="")
    course_staff = models.BooleanField(null=True)
    outcome = models.CharField(max_length=9, choices=RowOutcome)
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    account_before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    enrollment_id = models.BigIntegerField(null=True)
    result = models.CharField(max_length=32, blank=True, default="")
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_column = models.CharField(max_length=64, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    error_hint = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("owner", "position")
        constraints = (
            models.CheckConstraint(condition=Q(outcome__in=RowOutcome.values), name="importrow_known_outcome"),
        )
        indexes = (
            models.Index(
                fields=["owner", "course_key", "position"], condition=~Q(course_key=""), name="importrow_by_run"
            ),
        )

    def __str__(self) -> str:
        return f"row {self.position} of import {self.owner_id}"
