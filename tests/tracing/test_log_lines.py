import json
import logging
import sys

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.log import log_response
from django.utils.module_loading import import_string

from program_enrollments.models import ProgramEnrollment
from tests.factories.program_enrollments import ProgramEnrollmentFactory
from tests.log_guard import guarded_log_lines
from tracing.service import note_requester, traced


def make_formatter(name):
    options = dict(settings.LOGGING["formatters"][name])
    return import_string(options.pop("()"))(**options)


def make_record(message, *args, name="somewhere", exc_info=None, **extra):
    return logging.getLogger(name).makeRecord(name, logging.ERROR, __file__, 1, message, args, exc_info, extra=extra)


def test_a_json_line_has_the_request_and_its_sender():
    with traced("abc-1"):
        note_requester(user_id=7, client_id="school-system")
        line = json.loads(make_formatter("json").format(make_record("Wrote %d rows.", 3)))

    assert line.pop("timestamp")
    assert line == {
        "level": "ERROR",
        "logger": "somewhere",
        "message": "Wrote 3 rows.",
        "request_id": "abc-1",
        "user_id": 7,
        "client_id": "school-system",
    }


def test_a_readable_line_has_the_request():
    with traced("abc-1"):
        assert make_formatter("text").format(make_record("Done.")).endswith("ERROR somewhere [abc-1] Done.")


def test_a_line_outside_of_requests_has_no_request():
    assert json.loads(make_formatter("json").format(make_record("Done.")))["request_id"] == "-"


def test_a_json_line_has_no_field_that_was_not_foreseen():
    line = json.loads(make_formatter("json").format(make_record("Done.", student_key="student-1", status=200)))

    assert "student_key" not in line
    assert line["status"] == 200


def test_a_line_of_django_about_a_request_names_the_route_and_not_the_path():
    request = RequestFactory().get("/api/program_enrollments/v1/users/ann@school.edu/programs/1/courses/")
    request.resolver_match = None
    with guarded_log_lines() as guard:
        log_response("Internal Server Error: %s", request.path, request=request, response=HttpResponse(status=500))

    assert [json.loads(line)["message"] for line in guard.lines] == ["Internal Server Error: -"]


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("Error handling request %s %s", ("GET", "/users/ann/")),
        ("Error handling request %s", ("/users/ann/",)),
        ("Invalid request from ip=1.2.3.4: Invalid HTTP request line: 'GET /users/ann/'", ()),
    ],
)
def test_a_line_of_gunicorn_does_not_say_what_was_asked_for(message, args):
    line = make_formatter("text").format(make_record(message, *args, name="gunicorn.error"))

    assert "ann" not in line


def test_an_exception_is_told_by_its_type_and_place_and_not_by_its_text():
    ProgramEnrollmentFactory(external_user_key="student-9001")
    held = ProgramEnrollment.objects.get()
    held.pk = None
    try:
        held.save(force_insert=True)
    except IntegrityError:
        line = json.loads(make_formatter("json").format(make_record("Failed.", exc_info=sys.exc_info())))

    assert "student-9001" not in line["exc_info"]
    assert "psycopg2.errors.UniqueViolation" in line["exc_info"]
    assert "django.db.utils.IntegrityError" in line["exc_info"]
    assert "test_log_lines.py" in line["exc_info"]


@pytest.mark.parametrize("text", ["Wrote student-17.", "Mailed ann@school.edu.", "Linked username-of-somebody"])
def test_the_guard_of_the_suite_finds_names(text):
    with guarded_log_lines() as guard:
        ProgramEnrollmentFactory(external_user_key="username-of-somebody")
        guard.emit(make_record(text))

    assert len(guard.find_names()) == 1
