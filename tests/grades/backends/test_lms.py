"""What the LMS backend does when the LMS does not answer as it should."""

import json
import logging
import socketserver
import threading
import time
from contextlib import contextmanager

import pytest

from grades.backends.lms import LmsGrades
from tests.factories.learners import RUN_KEY, UserFactory
from tests.grades.fake_lms import grade_body
from tests.local_server import Answer

UNKNOWN = "The grade could not be read: the learning platform does not know this learner in this course run."
REFUSED = "The grade could not be read: the learning platform refused to answer."
UNREACHABLE = "The grade could not be read: the learning platform could not be reached."
TOO_SLOW = "The grade could not be read: the learning platform did not answer in time."
FAULT = "The grade could not be read: the learning platform reported a fault."
NOT_UNDERSTOOD = "The grade could not be read: the learning platform's answer was not understood."


def read_one(lms, answer):
    """Ask for three learners, of whom the second one gets `answer`; return that one's result."""
    users = [UserFactory(), UserFactory(username="second"), UserFactory()]
    lms.answers[str(RUN_KEY), "second"] = answer
    before, result, after = LmsGrades().iter_course_grades(RUN_KEY, users)
    assert before.error is None
    assert after.error is None
    assert [before.user, result.user, after.user] == users
    return result


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, FAULT),
        (401, REFUSED),
        (403, REFUSED),
        (404, UNKNOWN),
        (429, FAULT),
        (500, FAULT),
        (503, FAULT),
        (204, FAULT),
    ],
)
def test_one_learner_has_an_error_when_the_lms_answers_that_one_with_a_bad_status(lms, status, error):
    result = read_one(lms, Answer(status=status))
    assert (result.grade, result.error) == (None, error)


def test_redirects_are_not_followed(lms):
    result = read_one(lms, Answer(status=302, headers={"Location": f"{lms.url}/login"}))
    assert result.error == FAULT
    assert lms.requests("/login") == []


GARBAGE = {
    "nothing": b"",
    "a page": b"<html>Welcome</html>",
    "half an answer": b'[{"username": "second", "passed": tr',
    "no text": b"\xff\xfe\x00\xd8",
    "deep nesting": b"[" * 60_000,
    "a number of many digits": b'[{"username": "second", "passed": true, "percent": ' + b"9" * 10_000 + b"}]",
    "null": None,
    "an object": grade_body("second")[0],
    "an empty list": [],
    "two grades": grade_body("second") * 2,
    "a list of numbers": [1],
    "another learner": grade_body("first"),
    "another course run": grade_body("second", course_id="course-v1:another+course+run"),
    "another case": grade_body("SECOND"),
    "username a number": grade_body(2),
    "percent missing": [{"username": "second", "passed": True, "letter_grade": "A"}],
    "percent text": grade_body("second", percent="0.5"),
    "percent null": grade_body("second", percent=None),
    "percent true": grade_body("second", percent=True),
    "percent above one": grade_body("second", percent=2),
    "percent below zero": grade_body("second", percent=-0.1),
    "percent NaN": grade_body("second", percent=float("nan")),
    "percent infinite": grade_body("second", percent=float("inf")),
    "percent huge": grade_body("second", percent=10**400),
    "passed missing": [{"username": "second", "percent": 0.5, "letter_grade": "A"}],
    "passed text": grade_body("second", passed="true"),
    "passed a number": grade_body("second", passed=1),
    "passed null": grade_body("second", passed=None),
    "letter grade missing": [{"username": "second", "percent": 0.5, "passed": True}],
    "letter grade a number": grade_body("second", letter_grade=1),
    "letter grade a list": grade_body("second", letter_grade=["A"]),
    "letter grade a control character": grade_body("second", letter_grade="A\x00"),
    "letter grade half a character": grade_body("second", letter_grade="\ud800"),
    "letter grade too long": grade_body("second", letter_grade="A" * 256),
    "a huge body": b" " * 1_000_000 + json.dumps(grade_body("second")).encode(),
    "a huge grade": grade_body("second", feedback="x" * 1_000_000),
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_one_learner_has_an_error_when_the_lms_sends_garbage(lms, body):
    result = read_one(lms, Answer(body=body))
    assert (result.grade, result.error) == (None, NOT_UNDERSTOOD)


def test_one_learner_has_an_error_when_the_lms_is_slow_for_that_one(lms, settings):
    settings.LMS_TIMEOUT_SECONDS = 0.3
    result = read_one(lms, Answer(body=grade_body("second"), delay_seconds=60))
    assert (result.grade, result.error) == (None, TOO_SLOW)


def test_all_learners_have_an_error_in_time_when_the_lms_is_slow_for_all(lms, settings):
    settings.LMS_TIMEOUT_SECONDS = 60
    settings.LMS_PAGE_TIMEOUT_SECONDS = 0.3
    settings.LMS_CONCURRENCY = 2
    users = UserFactory.create_batch(5)
    for user in users:
        lms.answers[str(RUN_KEY), user.username] = Answer(delay_seconds=60)
    started_at = time.monotonic()
    results = list(LmsGrades().iter_course_grades(RUN_KEY, users))
    assert time.monotonic() - started_at < 10
    assert [(result.user, result.error) for result in results] == [(user, TOO_SLOW) for user in users]
    assert len(lms.requests("/api/")) <= 2


def test_grades_that_came_in_time_are_given_when_others_use_the_time_up(lms, settings):
    settings.LMS_TIMEOUT_SECONDS = 60
    settings.LMS_PAGE_TIMEOUT_SECONDS = 1
    slow, quick = UserFactory(), UserFactory()
    lms.answers[str(RUN_KEY), slow.username] = Answer(delay_seconds=60)
    results = list(LmsGrades().iter_course_grades(RUN_KEY, [slow, quick]))
    assert [result.error for result in results] == [TOO_SLOW, None]


@contextmanager
def trickling_server():
    """A server that sends one blank of its endless answer after the other."""
    closing = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
            while not closing.wait(0.02):
                self.wfile.write(b" ")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            """The client is expected to hang up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            closing.set()
            server.shutdown()
            thread.join()


def test_learner_has_an_error_when_the_answer_trickles_in(settings):
    settings.LMS_TIMEOUT_SECONDS = 0.3
    with trickling_server() as url:
        settings.LMS_BASE_URL = url
        (result,) = LmsGrades().iter_course_grades(RUN_KEY, [UserFactory()])
    assert result.error == TOO_SLOW


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.0.0.1:1/", "", "no address", "http://[::1"])
def test_all_learners_have_an_error_when_the_lms_cannot_be_reached(settings, url):
    settings.LMS_BASE_URL = url
    users = UserFactory.create_batch(3)
    results = list(LmsGrades().iter_course_grades(RUN_KEY, users))
    assert [(result.user, result.grade, result.error) for result in results] == [
        (user, None, UNREACHABLE) for user in users
    ]


def test_no_more_learners_are_asked_for_at_once_than_the_setting_allows(lms, settings):
    settings.LMS_CONCURRENCY = 2
    lock, now, most = threading.Lock(), [0], [0]
    both_asked = threading.Barrier(2, timeout=10)

    def answer(request):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both_asked.wait()
        with lock:
            now[0] -= 1
        return lms(request)

    lms.server.answer = answer
    results = list(LmsGrades().iter_course_grades(RUN_KEY, UserFactory.create_batch(6)))
    assert [result.error for result in results] == [None] * 6
    assert most[0] == 2


def test_log_names_the_account_by_id_only(lms, caplog):
    with caplog.at_level(logging.WARNING, logger="grades"):
        result = read_one(lms, Answer(status=500))
    assert f"The grade of user {result.user.pk} was not read: FAULT" in caplog.messages
    assert "second" not in caplog.text


# Being allowed to ask


@pytest.fixture
def credentials(settings, monkeypatch):
    # The fake LMS has no certificate.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    settings.LMS_CLIENT_ID = "grades-reader"
    settings.LMS_CLIENT_SECRET = "s3cret"


def token_answer(**changes):
    return Answer(body={"access_token": "token-1", "token_type": "JWT", "expires_in": 3600} | changes)


def sent_authorizations(lms):
    return [request.headers["Authorization"] for request in lms.requests("/api/")]


def test_no_credentials_are_sent_when_none_are_set(lms):
    list(LmsGrades().iter_course_grades(RUN_KEY, [UserFactory()]))
    assert sent_authorizations(lms) == [None]


def test_one_token_is_fetched_for_all_learners_and_pages(lms, credentials):
    lms.answer_token = token_answer
    grades = LmsGrades()
    for _ in range(2):
        results = list(grades.iter_course_grades(RUN_KEY, UserFactory.create_batch(4)))
        assert [result.error for result in results] == [None] * 4
    (token_request,) = lms.requests("/oauth2/access_token")
    assert token_request.method == "POST"
    assert b"grant_type=client_credentials" in token_request.body
    assert token_request.headers["Authorization"].startswith("Basic ")
    assert sent_authorizations(lms) == ["JWT token-1"] * 8


def test_bearer_token_is_sent_as_such(lms, credentials):
    lms.answer_token = lambda: token_answer(token_type="Bearer")
    list(LmsGrades().iter_course_grades(RUN_KEY, [UserFactory()]))
    assert sent_authorizations(lms) == ["Bearer token-1"]


def test_new_token_is_fetched_when_the_old_one_is_about_to_expire(lms, credentials, time_machine):
    tokens = iter(["token-1", "token-2"])
    lms.answer_token = lambda: token_answer(access_token=next(tokens))
    grades, user = LmsGrades(), UserFactory()
    time_machine.move_to("2026-11-02T10:00:00Z")
    list(grades.iter_course_grades(RUN_KEY, [user]))
    time_machine.move_to("2026-11-02T10:59:30Z")
    list(grades.iter_course_grades(RUN_KEY, [user]))
    time_machine.move_to("2026-11-02T10:59:50Z")
    list(grades.iter_course_grades(RUN_KEY, [user]))
    assert sent_authorizations(lms) == ["JWT token-1", "JWT token-1", "JWT token-2"]


def test_new_token_is_fetched_for_the_next_page_when_the_old_one_is_refused(lms, credentials):
    tokens = iter(["token-1", "token-2"])
    lms.answer_token = lambda: token_answer(access_token=next(tokens))
    user = UserFactory()
    lms.answers[str(RUN_KEY), user.username] = Answer(status=401)
    grades = LmsGrades()
    (refused,) = grades.iter_course_grades(RUN_KEY, [user])
    assert refused.error == REFUSED
    lms.answers.clear()
    (answered,) = grades.iter_course_grades(RUN_KEY, [user])
    assert answered.error is None
    assert sent_authorizations(lms) == ["JWT token-1", "JWT token-2"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(status=401, body={"error": "invalid_client"}), REFUSED),
        (Answer(status=500, body=b"<html>Sorry</html>"), REFUSED),
        (Answer(body=b""), REFUSED),
        (Answer(body=[]), REFUSED),
        (Answer(body=7), REFUSED),
        (Answer(body={}), REFUSED),
        (token_answer(access_token=7), REFUSED),
        (token_answer(access_token="t\u00f6ken"), REFUSED),
        (token_answer(access_token="token\r\nX-Other: 1"), REFUSED),
        (token_answer(expires_in=["soon"]), REFUSED),
    ],
)
def test_all_learners_have_an_error_and_are_not_asked_for_when_there_is_no_token(lms, credentials, answer, error):
    lms.answer_token = lambda: answer
    users = UserFactory.create_batch(3)
    results = list(LmsGrades().iter_course_grades(RUN_KEY, users))
    assert [(result.user, result.error) for result in results] == [(user, error) for user in users]
    assert len(lms.requests("/oauth2/")) == 1
    assert lms.requests("/api/") == []


def test_all_learners_have_an_error_when_the_token_server_is_slow(lms, credentials, settings):
    settings.LMS_TIMEOUT_SECONDS = 0.3
    lms.answer_token = lambda: Answer(delay_seconds=60)
    results = list(LmsGrades().iter_course_grades(RUN_KEY, UserFactory.create_batch(3)))
    assert [result.error for result in results] == [TOO_SLOW] * 3


def test_all_learners_have_an_error_when_the_token_server_cannot_be_reached(credentials, settings):
    settings.LMS_BASE_URL = "http://127.0.0.1:1"
    (result,) = LmsGrades().iter_course_grades(RUN_KEY, [UserFactory()])
    assert result.error == UNREACHABLE
