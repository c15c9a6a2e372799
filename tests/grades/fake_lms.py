"""An Open edX LMS that answers grade questions over HTTP as the real one does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.local_server import Answer, LocalServer, Request, local_server


def grade_body(username: Any, **changes: Any) -> list[dict[str, Any]]:
    grade = {
        "username": username,
        "email": "",
        "course_id": "course-v1:edX+ToyX+2026_T1",
        "passed": True,
        "percent": 0.83,
        "letter_grade": "B",
    }
    return [grade | changes]


@dataclass
class FakeLms:
    """`answers` by (course id, username); who is not in it is enrolled and was never graded."""

    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    answer_token: Callable[[], Answer] | None = None
    server: LocalServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def requests(self, path_start: str) -> list[Request]:
        assert self.server is not None
        return [request for request in self.server.requests if request.path.startswith(path_start)]

    def __call__(self, request: Request) -> Answer:
        if request.path == "/oauth2/access_token":
            assert self.answer_token is not None
            return self.answer_token()
        course_id = unquote(request.path.removeprefix("/api/grades/v1/courses/").removesuffix("/"))
        username = request.query["username"]
        ungraded = grade_body(username, course_id=course_id, passed=False, percent=0.0, letter_grade=None)
        return self.answers.get((course_id, username), Answer(body=ungraded))


@contextmanager
def fake_lms() -> Iterator[FakeLms]:
    lms = FakeLms()
    with local_server(lms) as server:
        lms.server = server
        yield lms
