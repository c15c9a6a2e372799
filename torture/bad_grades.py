"""A server of grades that is slow, fails or lies."""

import time
from typing import Any

from tests.grades.fake_lms import FakeLms, fake_lms, grade_body
from tests.local_server import Answer
from torture.clients import BASE, Client
from torture.report import Line
from torture.school import School, make_school
from torture.service import web_server

GOOD_GRADE = {"percent": 0.83, "passed": True, "letter_grade": "B"}
CHANGES: dict[str, dict[str, Any]] = {
    "good": GOOD_GRADE,
    "beyond": {"percent": 7},
    "elsewhere": {"course_id": "course-v1:another+course+run"},
}
"""{learner: what the grade that is served under their own name has in it}"""


def let_grades_fail() -> Line:
    """Ask for pages; good grades must be there, and nothing else may pass for one."""
    line = Line("pages of grades from a server that is slow, fails or lies")
    school = make_school(programs=1, runs=1)
    place, course_key = school.places[0], school.course_keys[0]
    answers: dict[str, Answer] = {
        "good": Answer(body=None),  # filled in later, when its username is known
        "slow": Answer(delay_seconds=30),
        "failing": Answer(status=500),
        "refusing": Answer(status=403),
        "moving": Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        "talking": Answer(body=b"<html>"),
        "endless": Answer(body=b"[" * 1_000_000),
        "deep": Answer(body=b"[" * 60_000),
        "beyond": Answer(body=None),
        "another": Answer(body=grade_body("somebody-else", course_id=course_key)),
        "elsewhere": Answer(body=None),
        "nothing": Answer(body=[]),
        "surrogate": Answer(body=b'[{"username": "x", "percent": 1, "passed": true, "letter_grade": "\\ud800"}]'),
    }
    path = f"{BASE}/programs/{place.program_uuid}/courses/{course_key}/grades/"
    school.add_accounts(place.organization_key, list(answers))
    names = {key: school.username(place.organization_key, key) for key in answers}
    with fake_lms() as lms:
        _plan_answers(lms, course_key, names, answers)
        settings = {
            "GRADES_BACKEND": "grades.backends.lms.LmsGrades",
            "LMS_BASE_URL": lms.url,
            "LMS_TIMEOUT_SECONDS": "1",
            "LMS_PAGE_TIMEOUT_SECONDS": "5",
        }
        with web_server(log_name="web-grades", environment=settings) as server:
            client = Client(server.port, school.ask_token(server.port))
            _enroll(client, school, list(answers), course_key)
            for _ in range(3):
                _check_grades(client, path, line, {**dict.fromkeys(answers, None), "good": GOOD_GRADE})
    # It is gone altogether now.
    with web_server(log_name="web-grades", environment=settings) as server:
        client = Client(server.port, school.ask_token(server.port))
        _check_grades(client, path, line, dict.fromkeys(answers))
    return line


def _plan_answers(lms: FakeLms, course_key: str, names: dict[str, str], answers: dict[str, Answer]) -> None:
    for key, answer in answers.items():
        body = answer.body
        if key in CHANGES:
            body = grade_body(names[key], **{"course_id": course_key, **CHANGES[key]})
        lms.answers[course_key, names[key]] = Answer(answer.status, body, answer.headers, answer.delay_seconds)


def _enroll(client: Client, school: School, keys: list[str], course_key: str) -> None:
    place = school.places[0]
    path = f"{BASE}/programs/{place.program_uuid}"
    curriculum = str(place.curriculum_uuid)
    client.send_once(
        "POST",
        f"{path}/enrollments/",
        [{"student_key": key, "status": "enrolled", "curriculum_uuid": curriculum} for key in keys],
    )
    client.send_once(
        "POST", f"{path}/courses/{course_key}/enrollments/", [{"student_key": key, "status": "active"} for key in keys]
    )


def _check_grades(client: Client, path: str, line: Line, expected: dict[str, Any]) -> None:
    """Ask for a page. `expected`: {student key: the grade, None for an error}."""
    began = time.monotonic()
    answer = client.send_once("GET", path)
    line.count(answer.status)
    if answer.status != (207 if any(expected.values()) else 422):
        line.accuse(f"Grades: {answer}")
        return
    rows = answer.json()["results"]
    told = {
        row["student_key"]: None if "error" in row else {name: row.get(name) for name in GOOD_GRADE} for row in rows
    }
    for key in told.keys() | expected.keys():
        if key not in told or told[key] != expected.get(key):
            line.accuse(f"{key}: {told.get(key, 'missing')} instead of {expected.get(key)}")
    if len(rows) != len(told):
        line.accuse("A learner came twice.")
    if time.monotonic() - began > 8:
        line.accuse(f"A page took {time.monotonic() - began:.0f} s.")
