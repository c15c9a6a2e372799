"""Options in, imports and their rows out."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from imports.constants import (
    DROP_STATUSES,
    LARGEST_MAX_DROP,
    USUAL_MAX_DROP,
    ImportAction,
    ImportKind,
    ImportMode,
    ImportState,
    RowOutcome,
)
from imports.rest_api.errors import InvalidOptions
from imports.service import Import, ImportRow, measure_speed


class ImportOptionsSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        ImportKind.choices, default=ImportKind.PROGRAM_ENROLLMENTS, help_text="What the rows are about."
    )
    action = serializers.ChoiceField(
        ImportAction.choices,
        default=ImportAction.UPSERT,
        help_text="What rows may do: `upsert` as PUT, `create` as POST, `update` as PATCH.",
    )
    mode = serializers.ChoiceField(
        ImportMode.choices,
        default=ImportMode.APPLY,
        help_text="`preview` plans and changes nothing, until the preview is applied.",
    )
    atomic = serializers.BooleanField(default=False, help_text="One rejected row rejects all.")
    snapshot = serializers.BooleanField(
        default=False,
        help_text="The file is the whole roster: active learners who are absent get `drop_status`. Its scope is the"
        " curricula, or course runs, that occur in the file.",
    )
    drop_status = serializers.ChoiceField(
        sorted({status.value for statuses in DROP_STATUSES.values() for status in statuses}),
        required=False,
        help_text="What a snapshot gives to absent learners: `canceled` (default), `ended` or `suspended`; in course"
        " runs `inactive`.",
    )
    max_drop = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_MAX_DROP,
        help_text="A snapshot that drops more learners is held until a second person approves it. Default:"
        f" {USUAL_MAX_DROP} of the active learners in its scope.",
    )


def read_options(*sources: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the arguments of `create_import` that queries and forms ask for. Raises: InvalidOptions."""
    given: dict[str, list[str]] = {}
    for source in sources:
        for name, values in source.items():
            given.setdefault(name, []).extend(values)
    known = ImportOptionsSerializer().fields
    # What a client mistypes, or says twice, must not be done in some other way.
    reasons = {name: "there is no such option." for name in given if name not in known}
    reasons |= {name: "is given twice." for name, values in given.items() if len(values) > 1}
    options = ImportOptionsSerializer(data={name: values[0] for name, values in given.items() if name in known})
    if not options.is_valid():
        reasons |= {name: " ".join(map(str, errors)) for name, errors in options.errors.items()}
    if reasons:
        raise InvalidOptions(reasons)
    arguments = dict(options.validated_data)
    arguments |= {"is_atomic": arguments.pop("atomic"), "is_snapshot": arguments.pop("snapshot")}
    return arguments


class UndoSerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(
        ImportMode.choices, default=ImportMode.APPLY, help_text="`preview` plans the undo and changes nothing."
    )


class ProgressSerializer(serializers.Serializer[Any]):
    rows_total = serializers.IntegerField(help_text="Rows of the plan; while it is planned, rows so far.")
    rows_done = serializers.IntegerField(help_text="Rows that were carried out.")
    rows_per_second = serializers.FloatField(allow_null=True, help_text="Null unless it is planned or applied now.")
    place_in_queue = serializers.IntegerField(
        allow_null=True, help_text="Imports of the program that run before this one; null unless it is queued."
    )


class CountsSerializer(serializers.Serializer[Any]):
    create = serializers.IntegerField()  # type: ignore[assignment]  # gone before it could hide the method
    update = serializers.IntegerField()  # type: ignore[assignment]  # gone before it could hide the method
    unchanged = serializers.IntegerField()
    drop = serializers.IntegerField()
    reject = serializers.IntegerField()


class FileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Empty when the file was the body.")
    encoding = serializers.CharField(help_text="`utf-8`, `utf-8-sig`, `utf-16` or `windows-1252`; empty until read.")
    delimiter = serializers.CharField(help_text="Empty for NDJSON, and until the file is read.")
    unknown_columns = serializers.ListField(child=serializers.CharField(), help_text="Columns that are ignored.")


class ImportErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="A word for your program to act on; it does not change.")
    message = serializers.CharField(help_text="A sentence for people.")


class LinksSerializer(serializers.Serializer[Any]):
    self = serializers.URLField()
    rows = serializers.URLField()
    results = serializers.URLField(help_text="CSV file of all rows.")
    rejected = serializers.URLField(help_text="CSV file of the rejected rows, to be corrected and uploaded.")


class ImportSerializer(serializers.Serializer[Any]):
    """Needs the request in its context, and an import with its `queue_place`."""

    id = serializers.UUIDField()
    program_uuid = serializers.UUIDField()
    kind = serializers.ChoiceField(ImportKind.choices)
    action = serializers.ChoiceField(ImportAction.choices)
    mode = serializers.ChoiceField(ImportMode.choices)
    atomic = serializers.BooleanField(source="is_atomic")
    snapshot = serializers.BooleanField(source="is_snapshot")
    drop_status = serializers.SerializerMethodField(help_text="Null unless it is a snapshot.")
    max_drop = serializers.IntegerField(allow_null=True, help_text=f"Null: {USUAL_MAX_DROP} of `scope_active`.")
    scope_active = serializers.IntegerField(
        allow_null=True, help_text="Active learners of a snapshot's scope; null until it is planned."
    )
    state = serializers.ChoiceField(ImportState.choices)
    created = serializers.DateTimeField()
    started = serializers.DateTimeField(source="started_at", allow_null=True)
    planned = serializers.DateTimeField(source="planned_at", allow_null=True)
    finished = serializers.DateTimeField(source="finished_at", allow_null=True)
    progress = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField(help_text="Rows of the plan by outcome.")
    file = serializers.SerializerMethodField(help_text="Null for an undo.")
    error = serializers.SerializerMethodField(help_text="Why nothing, or not all, was applied; else null.")
    uploaded_by = serializers.CharField(source="uploaded_by.username", default=None, allow_null=True)
    decided_by = serializers.CharField(
        source="decided_by.username", default=None, allow_null=True, help_text="Who approved or discarded it."
    )
    undoes = serializers.UUIDField(source="undoes_id", allow_null=True, help_text="The import that this one undoes.")
    undone_by = serializers.UUIDField(
        source="undone_by.pk", default=None, allow_null=True, help_text="The import that undoes, or would undo, it."
    )
    links = serializers.SerializerMethodField()

    def get_drop_status(self, item: Import) -> str | None:
        return item.drop_status or None

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, item: Import) -> dict[str, Any]:
        return {
            "rows_total": item.rows_total,
            "rows_done": item.rows_done,
            "rows_per_second": measure_speed(item),
            "place_in_queue": item.queue_place,  # type: ignore[attr-defined]  # an annotation
        }

    @extend_schema_field(CountsSerializer)
    def get_counts(self, item: Import) -> dict[str, int]:
        return {outcome: item.counts.get(outcome, 0) for outcome in RowOutcome.values}

    @extend_schema_field(FileSerializer(allow_null=True))
    def get_file(self, item: Import) -> dict[str, Any] | None:
        if not item.file:
            return None
        return {
            "name": item.file_name,
            "encoding": item.encoding,
            "delimiter": item.delimiter,
            "unknown_columns": item.unknown_columns,
        }

    @extend_schema_field(ImportErrorSerializer(allow_null=True))
    def get_error(self, item: Import) -> dict[str, str] | None:
        return {"code": item.error_code, "message": item.error_message} if item.error_code else None

    @extend_schema_field(LinksSerializer)
    def get_links(self, item: Import) -> dict[str, str]:
        routes = {"self": "import", "rows": "rows", "results": "results", "rejected": "rejected"}
        return {
            name: reverse(f"imports_api:{route}", kwargs={"import_id": item.pk}, request=self.context["request"])
            for name, route in routes.items()
        }


class RowErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(source="error_code")
    column = serializers.SerializerMethodField(help_text="Null when no single column is at fault.")
    message = serializers.CharField(source="error_message")
    hint = serializers.CharField(source="error_hint", help_text="What to do about it.")

    def get_column(self, row: ImportRow) -> str | None:
        return row.error_column or None


class RowStateSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    course_staff = serializers.BooleanField(required=False, help_text="Only where the row says something about it.")


class ImportRowSerializer(serializers.Serializer[Any]):
    """Needs a row with its `told_result`."""

    line = serializers.IntegerField(
        allow_null=True, help_text="Line of the file, the header being 1; null for a learner who is absent from it."
    )
    student_key = serializers.CharField()
    curriculum_uuid = serializers.UUIDField(allow_null=True, help_text="Null in course enrollments.")
    course_id = serializers.SerializerMethodField(help_text="Null in program enrollments.")
    status = serializers.CharField(help_text="The status that the row asks for.")
    course_staff = serializers.BooleanField(allow_null=True)
    outcome = serializers.ChoiceField(RowOutcome.choices, help_text="What the row does, or did.")
    before = RowStateSerializer(allow_null=True, help_text="What stood when it was planned; null: nothing.")
    after = RowStateSerializer(allow_null=True, help_text="What stands once it is applied; null: nothing new.")
    result = serializers.SerializerMethodField(
        help_text="As in the answers to PUT, POST and PATCH, once the row was dealt with; null until then."
    )
    error = serializers.SerializerMethodField(help_text="Only of rejected rows, else null.")

    def get_course_id(self, row: ImportRow) -> str | None:
        return row.course_key or None

    def get_result(self, row: ImportRow) -> str | None:
        return row.told_result or None  # type: ignore[attr-defined]  # an annotation

    @extend_schema_field(RowErrorSerializer(allow_null=True))
    def get_error(self, row: ImportRow) -> Any:
        return RowErrorSerializer(row).data if row.error_code else None
