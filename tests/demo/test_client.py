from io import StringIO

import pytest
from django.core.management import call_command

from demo import client
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment


@pytest.mark.usefixtures("transactional_db", "demo_catalog")
def test_the_rosters_arrive_and_are_read_back(live_server, capsys):
    call_command("load_demo", stdout=StringIO())

    assert client.main(["--url", live_server.url]) == 0

    report = capsys.readouterr().out
    assert "16x 200" in report
    assert "316 enrolled, 47 pending, 19 canceled, 18 suspended" in report
    assert "549 active, 51 inactive" in report
    assert ProgramEnrollment.objects.count() == 400 + 9  # the demo's own
    assert ProgramCourseEnrollment.objects.count() == 600 + 12


def test_the_client_says_how_to_start_a_server_when_none_answers(capsys):
    assert client.main(["--url", "http://127.0.0.1:1"]) == 1

    assert "make run" in capsys.readouterr().err


def test_the_client_shows_what_the_server_refused(live_server, capsys):
    assert client.main(["--url", live_server.url]) == 1  # there is no partner account

    assert "401" in capsys.readouterr().err
