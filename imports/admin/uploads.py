"""The upload form, and reading what a browser sends of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from catalog.service import Program
from imports.bodies import BoundedFormHandler
from imports.constants import DROP_STATUSES, LARGEST_MAX_DROP, USUAL_MAX_DROP, ImportAction, ImportKind, ImportMode
from imports.exceptions import BodyCutOff, FileTooLarge

READ_PAST_TIMES = 10
"""How often the largest allowed file fits into a form that is read to its end, for its sender to be told."""


class SizedFileHandler(TemporaryFileUploadHandler):
    """Reads past files that are too large together, and keeps nothing of them."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.is_too_large = False
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep the next part, unless it is too much."""
        self._received += len(raw_data)
        if self._received > settings.IMPORT_MAX_BYTES:
            self.is_too_large = True
            raise SkipFile
        super().receive_data_chunk(raw_data, start)


class UploadFormHandler(BoundedFormHandler):
    """Reads the upload form. A file that is too large is left out of it, so that the form can say so.

    To be set as the request's only upload handler before anyone reads the form. `is_too_large` is known afterwards.
    """

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._file_handler = SizedFileHandler(request)

    @property
    def is_too_large(self) -> bool:
        """Whether a file was left out."""
        return self._file_handler.is_too_large

    def get_file_handler(self) -> FileUploadHandler:
        """Return what takes the form's files."""
        return self._file_handler

    def get_limit(self) -> int:
        """Return how many bytes are read at all."""
        return READ_PAST_TIMES * super().get_limit()

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> Any:
        """Read the whole form. Raises: BadRequest."""
        try:
            return super().handle_raw_input(*args, **kwargs)
        except (BodyCutOff, FileTooLarge) as refusal:
            raise BadRequest(str(refusal)) from refusal


class UploadForm(forms.Form):
    """A roster, and what is to be done with it; the API's options under its names."""

    program = forms.TypedChoiceField(coerce=UUID, help_text="Only the programs into which you may import are listed.")
    file = forms.FileField(
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.ndjson,.jsonl,.gz"}),
    )
    kind = forms.ChoiceField(
        choices=ImportKind,
        widget=forms.RadioSelect,
        initial=ImportKind.PROGRAM_ENROLLMENTS,
        label="The rows are",
        help_text="Program enrollments have the columns student_key, status and, if you like, curriculum_uuid; course "
        "enrollments course_id, student_key, status and, if you like, course_staff.",
    )
    mode = forms.ChoiceField(
        choices=[
            (ImportMode.PREVIEW, "Preview: show me first what would change"),
            (ImportMode.APPLY, "Apply: change what the file says"),
        ],
        widget=forms.RadioSelect,
        initial=ImportMode.PREVIEW,
        label="What to do",
        help_text="A preview changes nothing until you apply it.",
    )
    action = forms.ChoiceField(
        choices=ImportAction,
        widget=forms.RadioSelect,
        initial=ImportAction.UPSERT,
        label="Rows may",
        help_text="Create only: rows of learners who are enrolled already are rejected. Update only: rows of learners "
        "who are not.",
    )
    atomic = forms.BooleanField(
        required=False, label="All or nothing", help_text="If one row is rejected, nothing is changed."
    )
    snapshot = forms.BooleanField(
        required=False,
        label="The file is the whole roster (a snapshot)",
        help_text="Active learners who are missing from the file are dropped: they get the status below. Only in the "
        "curricula, or course runs, that occur in the file.",
    )
    drop_status = forms.ChoiceField(
        required=False,
        label="Status of dropped learners",
        help_text="For whole rosters only. Course enrollments can only become inactive.",
    )
    max_drop = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_MAX_DROP,
        label="Drop at most",
        help_text="For whole rosters only. If more learners would be dropped, the import waits until somebody approves "
        f"it. Empty: {USUAL_MAX_DROP} of the active learners.",
    )

    def __init__(self, *args: Any, programs: Sequence[Program], is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(program.uuid), _name_program(program)) for program in programs]
        self.fields["program"].choices = choices if len(choices) == 1 else [("", "Choose a program"), *choices]  # type: ignore[attr-defined]  # a choice field
        self.fields["drop_status"].choices = list_drop_statuses()  # type: ignore[attr-defined]  # a choice field
        self.fields["file"].help_text = (
            f"CSV or NDJSON, as your system or spreadsheet writes it; may be compressed with gzip. At most "
            f"{_tell_largest()} and {settings.IMPORT_MAX_ROWS:,} rows."
        )
        self.fields["file"].error_messages["required"] = (
            f"The file is too large: at most {_tell_largest()}. Compress it with gzip, or send it in parts."
            if is_too_large
            else "Choose a file."
        )


def list_drop_statuses() -> list[tuple[str, str]]:
    """Return the choices of what dropped learners get, whatever the kind; empty: the default of the kind."""
    statuses = dict.fromkeys(status for possible in DROP_STATUSES.values() for status in possible)
    defaults = " or ".join(possible[0].label.lower() for possible in DROP_STATUSES.values())
    return [("", f"The usual ({defaults})"), *((status.value, str(status.label)) for status in statuses)]


def _tell_largest() -> str:
    return f"{settings.IMPORT_MAX_BYTES / 1_000_000:g} MB"


def _name_program(program: Program) -> str:
    keys = ", ".join(organization.key for organization in program.authoring_organizations)
    title = program.title or str(program.uuid)
    return f"{title} ({keys})" if keys else title
