"""What the database itself refuses."""

import pytest
from django.db import IntegrityError

from imports.models import Import
from registrar.models import Job


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"operation": "nonsense"}, "job_known_operation"),
        ({"fmt": "xml"}, "job_known_format"),
        ({"state": "nonsense"}, "job_known_state"),
    ],
)
def test_unknown_words_are_refused(staff, program, fields, constraint):
    values = {"operation": "list_program_enrollments", "fmt": "csv", "program_uuid": program.uuid, "created_by": staff}

    with pytest.raises(IntegrityError, match=constraint):
        Job.objects.create(**values | fields)


def test_a_read_is_no_import(staff, program):
    item = Import.objects.create(program_uuid=program.uuid, kind="program_enrollments")

    with pytest.raises(IntegrityError, match="job_only_uploads_are_imports"):
        Job.objects.create(
            operation="list_program_enrollments",
            fmt="csv",
            program_uuid=program.uuid,
            created_by=staff,
            upload=item,
        )
