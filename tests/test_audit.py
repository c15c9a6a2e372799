"""The audit of dependencies in `make lint`."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

LOCK = "requirements.lock"
SOUND = {"name": "sound", "version": "1", "vulns": []}
BROKEN = {"name": "broken", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("found", "error", "exit_code", "told"),
    [
        ([SOUND], "", 0, "0 known vulnerabilities"),
        ([SOUND, BROKEN], "", 1, "broken 2: PYSEC-1, fixed in ['3']"),
        ([SOUND, UNKNOWN], "", 0, "does not answer for 1 of 2"),
        (None, "Could not connect to the feed", 0, "cannot be reached"),
        (None, "no such option", 1, "no such option"),
    ],
)
def test_known_vulnerabilities_fail_and_a_silent_service_does_not(tmp_path, found, error, exit_code, told):
    output = "" if found is None else json.dumps({"dependencies": found})
    (tmp_path / "pip_audit.py").write_text(f"import sys\nprint({output!r})\nprint({error!r}, file=sys.stderr)\n")

    finished = subprocess.run(
        [sys.executable, ".ci/audit.py", LOCK],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == exit_code
    assert told in finished.stdout
