import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import pytest
import requests
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection


@contextmanager
def empty_database():
    """A database of its own, on the server that the tests use; yields its DATABASE_URL."""
    name = f"{connection.settings_dict['NAME']}_run_demo"
    quoted = connection.ops.quote_name(name)
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quoted}")
        cursor.execute(f"CREATE DATABASE {quoted}")
        address = connection.settings_dict
        where = {"host": address["HOST"], "port": address["PORT"], "password": address["PASSWORD"]}
        try:
            yield f"postgres://{address['USER']}@/{name}?{urlencode({k: v for k, v in where.items() if v})}"
        finally:
            cursor.execute(f"DROP DATABASE {quoted} WITH (FORCE)")


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_demo(database_url: str, port: int):
    command = [sys.executable, "manage.py", "run_demo", "--port", str(port)]
    environment = os.environ | {"DATABASE_URL": database_url, "DEBUG": "true"}
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_guide(process: "subprocess.Popen[str]") -> str:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "make demo" in line:
            break
    return "".join(lines)


def test_run_demo_serves_what_its_guide_says_and_stops_in_order():
    port = find_free_port()
    with empty_database() as database_url, running_demo(database_url, port) as process:
        guide = read_guide(process)
        assert f"http://127.0.0.1:{port}/api/program_enrollments/v1/" in guide
        form = dict(re.findall(r"-d (\w+)=(\S+)", guide))
        answer = requests.post(f"http://127.0.0.1:{port}/oauth2/access_token", data=form, timeout=10)
        token = answer.json()["access_token"]
        url = re.findall(r"-X PUT (\S+)", guide)[0]
        enrollments = requests.get(url, headers={"Authorization": f"JWT {token}"}, timeout=10)
        assert enrollments.status_code == 200

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
        assert process.stdout.read().endswith("Stopped.\n")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/health/live", timeout=10)


def test_run_demo_names_another_port_when_the_port_is_in_use(settings):
    settings.DEBUG = True
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]

        with pytest.raises(CommandError, match=rf"Port {port} cannot be used.*make run PORT={port + 1}"):
            call_command("run_demo", port=port)


def test_run_demo_refuses_when_debug_is_off(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG must be on"):
        call_command("run_demo")
