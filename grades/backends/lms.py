"""Grades asked of an Open edX LMS, one request for each learner."""

import json
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import requests
import urllib3
from django.conf import settings
from opaque_keys.edx.keys import CourseKey

from grades.backends.lms_token import LmsToken
from grades.constants import GradeProblem
from grades.exceptions import GradeNotRead
from grades.service import CourseGrade, GradeResult

MAX_ANSWER_BYTES = 64 * 1024
MAX_LETTER_GRADE_LENGTH = 255

PROBLEM_BY_STATUS = {
    401: GradeProblem.REFUSED,
    403: GradeProblem.REFUSED,
    404: GradeProblem.UNKNOWN,
}

logger = logging.getLogger(__name__)


class LmsGrades:
    """The Open edX Grades REST API: `/api/grades/v1/courses/{course_id}/?username={username}`.

    That API gives an enrolled learner who was never graded a 200 with percent 0.0. Its 404 says that it knows no such
    account, no enrollment of it in the run, or no such run: the two systems disagree, so it is the learner's error
    and not a grade of zero.
    """

    def __init__(self) -> None:
        self._token = LmsToken()

    def iter_course_grades(self, course_key: CourseKey, users: Iterable[Any]) -> Iterator[GradeResult]:
        """Yield each user's grade or error; all of them within `LMS_PAGE_TIMEOUT_SECONDS`."""
        learners = list(users)
        if not learners:
            return
        deadline = time.monotonic() + settings.LMS_PAGE_TIMEOUT_SECONDS
        executor = ThreadPoolExecutor(max_workers=settings.LMS_CONCURRENCY, thread_name_prefix="lms-grades")
        try:
            # First in the queue, and by a worker, so that a slow token server is held to the deadline too.
            authorization = executor.submit(self._token.get_header)
            api = _CourseRunGrades(course_key, authorization)
            answers = [executor.submit(api.read_grade, learner.username) for learner in learners]
            for learner, answer in zip(learners, answers, strict=True):
                yield self._result(learner, answer, deadline)
        finally:
            # Not waited for: what still runs is cut off by its own time-out.
            executor.shutdown(wait=False, cancel_futures=True)

    def _result(self, learner: Any, answer: Future[CourseGrade], deadline: float) -> GradeResult:
        try:
            grade = answer.result(timeout=max(0.0, deadline - time.monotonic()))
        except GradeNotRead as failure:
            problem = failure.problem
        except TimeoutError:
            problem = GradeProblem.TOO_SLOW
        else:
            return GradeResult(user=learner, grade=grade, error=None)
        if problem is GradeProblem.REFUSED:
            # Perhaps the token was revoked: the next page gets a new one.
            self._token.forget()
        logger.warning("The grade of user %s was not read: %s", learner.pk, problem.name)
        return GradeResult(user=learner, grade=None, error=problem.value)


class _ThreadConnection(threading.local):
    """A session for each thread: it keeps its connection open, and sessions are not made to be shared."""

    def __init__(self) -> None:
        self.session = requests.Session()


class _CourseRunGrades:
    """Asks for grades in one course run; called by many threads."""

    def __init__(self, course_key: CourseKey, authorization: "Future[str | None]") -> None:
        self._course_id = str(course_key)
        path = quote(self._course_id, safe="/+:")
        self._url = f"{settings.LMS_BASE_URL.rstrip('/')}/api/grades/v1/courses/{path}/"
        self._authorization = authorization
        self._connection = _ThreadConnection()

    def read_grade(self, username: str) -> CourseGrade:
        """Return the learner's grade. Raises: GradeNotRead."""
        try:
            answer = self._ask(username)
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise GradeNotRead(GradeProblem.TOO_SLOW) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise GradeNotRead(GradeProblem.UNREACHABLE) from error
        return _parse_grade(answer, username, self._course_id)

    def _ask(self, username: str) -> bytes:
        authorization = self._authorization.result()
        deadline = time.monotonic() + settings.LMS_TIMEOUT_SECONDS

        def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
            if authorization is not None:
                request.headers["Authorization"] = authorization
            return request

        response = self._connection.session.get(
            self._url,
            params={"username": username},
            # Not compressed: a small answer could unpack to a huge one.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            auth=authorize,
            timeout=settings.LMS_TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        )
        with response:
            if response.status_code != 200:
                raise GradeNotRead(PROBLEM_BY_STATUS.get(response.status_code, GradeProblem.FAULT))
            return _read_body(response, deadline)


def _read_body(response: requests.Response, deadline: float) -> bytes:
    body = b""
    # The session's time-out is between two packets; a server that trickles is cut off here.
    while chunk := response.raw.read1(MAX_ANSWER_BYTES, decode_content=False):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise GradeNotRead(GradeProblem.NOT_UNDERSTOOD)
        if time.monotonic() > deadline:
            raise GradeNotRead(GradeProblem.TOO_SLOW)
    return body


def _parse_grade(body: bytes, username: str, course_id: str) -> CourseGrade:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise GradeNotRead(GradeProblem.NOT_UNDERSTOOD) from error
    match answer:
        case [
            {
                "username": str(graded_username),
                "percent": int() | float() as percent,
                "passed": bool(passed),
                "letter_grade": None | str() as letter_grade,
                **others,
            }
        ] if (
            graded_username == username
            and others.get("course_id", course_id) == course_id
            and _is_fraction(percent)
            and _is_letter_grade(letter_grade)
        ):
            return CourseGrade(percent=float(percent), letter_grade=letter_grade or None, passed=passed)
    raise GradeNotRead(GradeProblem.NOT_UNDERSTOOD)


def _is_fraction(percent: int | float) -> bool:
    # NaN is in no range; True is an int to Python.
    return not isinstance(percent, bool) and 0 <= percent <= 1


def _is_letter_grade(letter_grade: str | None) -> bool:
    # Lone surrogates, which JSON can carry and UTF-8 cannot, are not printable.
    return letter_grade is None or (len(letter_grade) <= MAX_LETTER_GRADE_LENGTH and letter_grade.isprintable())
