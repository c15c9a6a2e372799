"""The embedded database stops with the last process that uses it."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

CHILD = (
    "import sys; from config.embedded import *; start_embedded_database(Path(sys.argv[1])); print(flush=True); input()"
)
PARENT = f"""
import subprocess, sys
from config.embedded import *
start_embedded_database(Path(sys.argv[1]))
command = [sys.executable, "-c", {CHILD!r}, sys.argv[1]]
with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    child.kill()
print(Path(sys.argv[1], "pgdata/postmaster.pid").exists())
"""


def test_the_server_stops_although_a_process_that_used_it_was_killed(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PARENT, str(tmp_path)], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )

    assert told.stdout == "True\n"
    assert not (tmp_path / "pgdata/postmaster.pid").exists()
