"""Uploads to a disk that is full."""

import os
import shutil
import subprocess

from imports.models import Import
from torture.clients import BASE, Client
from torture.report import Line
from torture.school import make_school
from torture.service import FOLDER, web_server

DISK_BYTES = 1_000_000


def fill_the_disk() -> Line:
    """Upload more than there is space for; it must be refused, and nothing of it kept."""
    line = Line("uploads to a disk that is full")
    folder = FOLDER / "small-disk"
    folder.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={DISK_BYTES} none {folder} && exec "$0" "$@"'
    # Who is root already would lose the rights to the database's files by it.
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    prefix = ("unshare", *as_root, "--mount", "sh", "-c", mount)
    if (
        shutil.which("unshare") is None
        or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode  # noqa: S603 -- our own
    ):
        line.note = "not shown: this machine lets nobody mount a small disk"
        return line
    school = make_school()
    path = f"{BASE}/programs/{school.places[0].program_uuid}/imports/?kind=program_enrollments"
    large = b"student_key,status\n" + b"somebody,enrolled\n" * (2 * DISK_BYTES // 18)
    with web_server(prefix=prefix, log_name="web-disk", environment={"FILES_FOLDER": str(folder)}) as server:
        client = Client(server.port, school.ask_token(server.port))
        for _ in range(3):
            answer = client.send("POST", path, large, media_type="text/csv")
            line.count(answer.status)
            if (
                answer.status != 503
                or answer.json()["error_code"] != "storage_full"
                or "retry-after" not in answer.headers
            ):
                line.accuse(f"Upload: {answer}")
            answer = client.send("POST", path, large[:1000], media_type="text/csv")
            line.count(answer.status)
            if answer.status != 202:
                line.accuse(f"Something of the upload before was kept: {answer}")
    if Import.objects.filter(program_uuid=school.places[0].program_uuid).count() != 3:
        line.accuse("There are other imports than those that were acknowledged.")
    return line
