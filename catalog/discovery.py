"""What a Course Discovery server says about programs: its JSON, checked and put in order.

Pure: JSON in, records out. Nothing here asks the database or the network.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey
from opaque_keys.edx.locator import CourseLocator

from catalog.constants import ACTIVE_STATUS, Pacing
from catalog.texts import UNSTORABLE

PACING_BY_TYPE = {"instructor_paced": Pacing.INSTRUCTOR, "self_paced": Pacing.SELF}
MAX_TEXT_CHARACTERS = 255
MAX_TYPE_CHARACTERS = 64
MAX_STATUS_CHARACTERS = 24
MAX_URL_CHARACTERS = 2000
MAX_SHOWN_CHARACTERS = 80

T = TypeVar("T")


class MalformedAnswer(Exception):
    """The JSON is not what Discovery answers; the text begins with the path of what is wrong."""


@dataclass(frozen=True, slots=True)
class OrganizationRecord:
    """An organization, known by its key."""

    name: str


@dataclass(frozen=True, slots=True)
class CourseRecord:
    """A course, known by its key."""

    title: str


@dataclass(frozen=True, slots=True)
class CourseRunRecord:
    """A course run, known by its key."""

    course_key: str
    external_key: str | None
    title: str
    marketing_url: str
    start: datetime | None
    end: datetime | None
    pacing: Pacing


@dataclass(frozen=True, slots=True)
class ProgramRecord:
    """A program, known by its uuid; organizations and courses in order, each once."""

    title: str
    type: str
    marketing_slug: str
    marketing_url: str
    status: str
    organization_keys: tuple[str, ...]
    course_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CurriculumRecord:
    """A curriculum, known by its uuid; courses and child programs in order, each once."""

    program_uuid: UUID
    position: int
    name: str
    is_active: bool
    course_keys: tuple[str, ...]
    program_uuids: tuple[UUID, ...]


@dataclass(slots=True)
class Snapshot:
    """The catalog as an answer describes it, each kind of thing by its key, in the order of the answer.

    `is_complete`: the answer holds all programs that there are, so what it lacks is gone.
    """

    is_complete: bool = True
    organizations: dict[str, OrganizationRecord] = field(default_factory=dict)
    courses: dict[str, CourseRecord] = field(default_factory=dict)
    course_runs: dict[CourseKey, CourseRunRecord] = field(default_factory=dict)
    programs: dict[UUID, ProgramRecord] = field(default_factory=dict)
    curricula: dict[UUID, CurriculumRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the JSON and where it stands, like `results[3].curricula[0].name`."""

    value: Any
    path: str = ""

    @classmethod
    def from_json(cls, content: bytes, path: str = "") -> "Node":
        """Return the root of a JSON text."""
        try:
            return cls(json.loads(content), path)
        except ValueError as error:
            raise cls(None, path).refuse(f"not JSON: {error}") from error
        except RecursionError as error:
            raise cls(None, path).refuse("not JSON that can be read: nested too deeply") from error

    def refuse(self, reason: str) -> MalformedAnswer:
        """Return the error that says what is wrong here."""
        return MalformedAnswer(f"{self.path}: {reason}" if self.path else reason)

    def __getitem__(self, name: str) -> "Node":
        if not isinstance(self.value, dict):
            raise self.refuse(f"not an object: {_shown(self.value)}")
        return Node(self.value.get(name), f"{self.path}.{name}" if self.path else name)

    def items(self) -> Iterator["Node"]:
        """Yield the members of the list; none if it is null or missing."""
        if not isinstance(self.value, list | None):
            raise self.refuse(f"not a list: {_shown(self.value)}")
        for index, value in enumerate(self.value or ()):
            yield Node(value, f"{self.path}[{index}]")

    def text(self, max_characters: int = MAX_TEXT_CHARACTERS) -> str:
        """Return the text; empty if it is null or missing."""
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            raise self.refuse(f"not a text: {_shown(self.value)}")
        if len(self.value) > max_characters:
            raise self.refuse(f"longer than {max_characters} characters")
        if UNSTORABLE.search(self.value):
            raise self.refuse("holds characters that cannot be stored")
        return self.value

    def key(self) -> str:
        """Return the text without outer white space; it must not be blank."""
        key = self.text().strip()
        if not key:
            raise self.refuse("missing or blank")
        return key

    def uuid(self) -> UUID:
        """Return the UUID."""
        return self._converted(UUID, self.key(), "not a uuid")

    def course_key(self) -> CourseKey:
        """Return the key of a course run."""
        key = self._converted(CourseKey.from_string, self.key(), "not a course run key")
        if not isinstance(key, CourseLocator) or key.branch or key.version_guid:
            raise self.refuse(f"not a course run key: {_shown(self.value)}")
        return key

    def time(self) -> datetime | None:
        """Return the time in UTC; None if it is null or missing."""
        text = self.text()
        return self._converted(_as_utc, text, "not an ISO 8601 time with its zone") if text else None

    def flag(self) -> bool:
        """Return the boolean; true if it is null or missing."""
        if not isinstance(self.value, bool | None):
            raise self.refuse(f"neither true nor false: {_shown(self.value)}")
        return self.value is not False

    def pacing(self) -> Pacing:
        """Return the pacing; the instructor's if it is null or missing."""
        if self.value is None:
            return Pacing.INSTRUCTOR
        if self.text() not in PACING_BY_TYPE:
            raise self.refuse(f"neither {' nor '.join(PACING_BY_TYPE)}: {_shown(self.value)}")
        return PACING_BY_TYPE[self.text()]

    def _converted(self, convert: Callable[[str], T], text: str, reason: str) -> T:
        try:
            return convert(text)
        except (ValueError, OverflowError, InvalidKeyError) as error:
            raise self.refuse(f"{reason}: {_shown(self.value)}") from error


def read_programs(pages: Iterable[Node]) -> Snapshot:
    """Return what the pages of an answer say; a page is `{"results": [program, …], "next": …}`, or a plain list.

    The same thing may be described several times: a child program also stands in the list, a course is shared.
    Programs of the list go before those nested in curricula, and of several descriptions the first one stands. Only
    the runs of a course are taken from all its descriptions, since a program may leave some of them out.

    Raises: MalformedAnswer; its path begins with that of the page.
    """
    programs: deque[Node] = deque()
    neighbours: list[Node] = []
    for page in pages:
        if not isinstance(page.value, list):
            neighbours += [page["previous"], page["next"]]
        programs.extend(_results_of(page).items())
    if not programs:
        raise MalformedAnswer("results: no program at all")
    # Inner pages point to each other; the first and the last of a whole answer point to nothing beyond.
    beyond = [*neighbours[:1], *neighbours[-1:]]
    snapshot = Snapshot(is_complete=not any(node.value for node in beyond))
    while programs:
        programs.extend(_read_program(snapshot, programs.popleft()))
    return snapshot


def _results_of(page: Node) -> Node:
    if isinstance(page.value, list):
        return page
    results = page["results"]
    if results.value is None:
        raise results.refuse("missing")
    return results


def _read_program(snapshot: Snapshot, node: Node) -> Iterator[Node]:
    """Add a program with all that is in it; yield its child programs, not read yet."""
    uuid = node["uuid"].uuid()
    record = ProgramRecord(
        title=node["title"].text(),
        type=node["type"].text(MAX_TYPE_CHARACTERS),
        marketing_slug=node["marketing_slug"].text(),
        marketing_url=node["marketing_url"].text(MAX_URL_CHARACTERS),
        status=node["status"].text(MAX_STATUS_CHARACTERS) or ACTIVE_STATUS,
        organization_keys=_in_order(
            _read_organization(snapshot, item) for item in node["authoring_organizations"].items()
        ),
        course_keys=_read_courses(snapshot, node["courses"]),
    )
    if snapshot.programs.setdefault(uuid, record) is not record:
        return
    for position, curriculum in enumerate(node["curricula"].items()):
        yield from _read_curriculum(snapshot, curriculum, uuid, position)


def _read_curriculum(snapshot: Snapshot, node: Node, program_uuid: UUID, position: int) -> Iterator[Node]:
    record = CurriculumRecord(
        program_uuid=program_uuid,
        position=position,
        name=node["name"].text(),
        is_active=node["is_active"].flag(),
        course_keys=_read_courses(snapshot, node["courses"]),
        program_uuids=_in_order(child["uuid"].uuid() for child in node["programs"].items()),
    )
    snapshot.curricula.setdefault(node["uuid"].uuid(), record)
    yield from node["programs"].items()


def _read_organization(snapshot: Snapshot, node: Node) -> str:
    key = node["key"].key()
    snapshot.organizations.setdefault(key, OrganizationRecord(name=node["name"].text()))
    return key


def _read_courses(snapshot: Snapshot, node: Node) -> tuple[str, ...]:
    return _in_order(_read_course(snapshot, item) for item in node.items())


def _read_course(snapshot: Snapshot, node: Node) -> str:
    key = node["key"].key()
    snapshot.courses.setdefault(key, CourseRecord(title=node["title"].text()))
    for run in node["course_runs"].items():
        record = CourseRunRecord(
            course_key=key,
            external_key=run["external_key"].text() or None,
            title=run["title"].text(),
            marketing_url=run["marketing_url"].text(MAX_URL_CHARACTERS),
            start=run["start"].time(),
            end=run["end"].time(),
            pacing=run["pacing_type"].pacing(),
        )
        snapshot.course_runs.setdefault(run["key"].course_key(), record)
    return key


def _in_order(keys: Iterable[T]) -> tuple[T, ...]:
    """Return the keys, each once, in the order of their first appearance."""
    return tuple(dict.fromkeys(keys))


def _as_utc(text: str) -> datetime:
    """Raises: ValueError, OverflowError."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("no zone")
    return time.astimezone(UTC)


def _shown(value: Any) -> str:
    """Return the value as JSON, cut short enough for a line of a terminal."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"
