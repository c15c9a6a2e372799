"""What gunicorn logs, with the configuration that it finds in the folder of the service."""

import json
import socket

import pytest

from tests.live_service import live_service, wait_until


@pytest.mark.django_db(transaction=True)
def test_lines_are_json_and_name_nobody_even_with_an_access_log(tmp_path):
    log_file = tmp_path / "log"
    arguments = "--access-logfile -"
    with live_service(log_file, LOG_FORMAT="json", GUNICORN_CMD_ARGS=arguments) as service:
        path = "/api/program_enrollments/v1/users/somebody-by-name/programs/1/courses/?student_key=a-student-key"
        service.request("GET", path)
        service.request("POST", "/api/token/", {"username": "somebody-by-name", "password": "wrong"})
        with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
            connection.sendall(b"GET /somebody-by-name a-student-key HTTP/1.1\r\n\r\n")
            while connection.recv(4096):
                pass
        # The service, which is killed below, logs an answer after it was sent.
        wait_until(lambda: log_file.read_text().count('"config.middleware"') == 2, "both answers are logged")

    text = log_file.read_text()
    assert "somebody-by-name" not in text
    assert "a-student-key" not in text
    access_lines = [line for line in text.splitlines() if line.startswith("127.0.0.1 ")]
    others = [json.loads(line) for line in text.splitlines() if line not in access_lines]
    assert "Invalid request from" in [line["message"] for line in others]
    assert [line["status"] for line in others if line["logger"] == "config.middleware"] == [401, 401]
    assert access_lines
