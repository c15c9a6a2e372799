"""`manage.py import_enrollments` (imports page)."""

import os
import signal
import subprocess
import sys
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import transaction

from imports.models import Import
from program_enrollments.api.locks import lock_learner
from program_enrollments.models import ProgramEnrollment
from tests.factories.program_enrollments import ProgramEnrollmentFactory
from tests.live_service import database_url, wait_until

# The command runs imports in a thread with a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def roster(tmp_path):
    def roster(*lines):
        file = tmp_path / "roster.csv"
        file.write_text("".join(f"{line}\n" for line in lines))
        return file

    return roster


def statuses():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


def test_a_file_is_imported_and_summed_up(roster, program, capsys):
    call_command("import_enrollments", roster("student_key,status,Name", "a1,enrolled,x"), program=program.uuid)

    item = Import.objects.get()
    assert statuses() == {"a1": "enrolled"}
    assert capsys.readouterr().out == f"Import {item.pk}: applied; 1 create.\nIgnored columns: Name.\n"


def test_options_are_those_of_an_upload(roster, program, curriculum, capsys):
    ProgramEnrollmentFactory(
        external_user_key="gone", program_uuid=program.uuid, curriculum_uuid=curriculum.uuid, status="enrolled"
    )

    call_command(
        "import_enrollments",
        roster("student_key,status", "a1,enrolled"),
        program=program.uuid,
        action="create",
        mode="preview",
        atomic=True,
        snapshot=True,
        drop_status="ended",
        max_drop=3,
    )

    item = Import.objects.get()
    assert (item.action, item.mode, item.is_atomic, item.is_snapshot) == ("create", "preview", True, True)
    assert (item.drop_status, item.max_drop, item.file_name) == ("ended", 3, "roster.csv")
    assert "planned; 1 create, 1 drop." in capsys.readouterr().out


def test_rejected_rows_are_told_and_do_not_fail_the_others(roster, program, capsys):
    call_command("import_enrollments", roster("student_key,status", "a1,enrolled", "a2,no"), program=program.uuid)

    assert statuses() == {"a1": "enrolled"}
    assert "Line 3: invalid-status: The status is not" in capsys.readouterr().out


def test_a_rejected_import_fails(roster, program):
    with pytest.raises(CommandError, match="No row could be applied"):
        call_command("import_enrollments", roster("student_key,status", "a1,no"), program=program.uuid)


def test_a_file_that_cannot_be_read_fails_with_the_reason(roster, program):
    with pytest.raises(CommandError, match="The file is empty"):
        call_command("import_enrollments", roster(), program=program.uuid)


def test_a_held_import_fails(roster, program, curriculum, capsys):
    for number in range(6):
        ProgramEnrollmentFactory(
            external_user_key=f"old{number}", program_uuid=program.uuid, curriculum_uuid=curriculum.uuid
        )

    with pytest.raises(CommandError, match="held"):
        call_command(
            "import_enrollments", roster("student_key,status", "a1,enrolled"), program=program.uuid, snapshot=True
        )
    assert "somebody has to approve it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"program": UUID(int=1)}, "no program"),
        ({"drop_status": "ended"}, "drop_status"),
        ({"snapshot": True, "drop_status": "inactive"}, "drop_status"),
        ({"snapshot": True, "max_drop": -1}, "from 0 to 2,147,483,647"),
        ({"snapshot": True, "max_drop": 2**31}, "from 0 to 2,147,483,647"),
        ({"file": "/nowhere.csv"}, "No such file"),
    ],
)
def test_impossible_options_fail(roster, program, options, reason):
    file = options.pop("file", None) or roster("student_key,status")

    with pytest.raises(CommandError, match=reason):
        call_command("import_enrollments", file, **({"program": program.uuid} | options))
    assert not Import.objects.exists()


def test_ctrl_c_cancels_and_tells_what_was_applied(roster, program, school, settings):
    file = roster("student_key,status", *[f"a{number},enrolled" for number in range(5000)])
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_enrollments", str(file), "--program", str(program.uuid)],
        cwd=django_settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database_url(), "FILES_FOLDER": str(settings.MEDIA_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with transaction.atomic():
            lock_learner(school.key, "a2500")  # whom the import waits for, and cannot come to its end before
            wait_until(lambda: Import.objects.filter(rows_done__gt=0).exists(), "some rows are applied")
            process.send_signal(signal.SIGINT)
            wait_until(lambda: Import.objects.filter(is_cancel_asked=True).exists(), "the import is canceled")
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()

    item = Import.objects.get()
    assert (process.returncode, item.state) == (1, "canceled"), errors
    assert ProgramEnrollment.objects.count() == item.rows_done < 5000
    assert f"{item.rows_done} of 5000 rows were carried out." in output
    assert "Traceback" not in errors
