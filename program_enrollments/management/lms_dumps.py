"""Reads dumps of an Open edX LMS's tables, row by row."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TextIO, TypeVar
from uuid import UUID

from program_enrollments import api
from program_enrollments.constants import MAX_STUDENT_KEY_LENGTH, ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus
from program_enrollments.exceptions import CourseDoesNotExist

PROGRAM_COLUMNS = [
    *("id", "created", "modified", "external_user_key", "user_id", "program_uuid", "curriculum_uuid", "status"),
]
COURSE_COLUMNS = ["id", "created", "modified", "program_enrollment_id", "course_key", "status"]
USER_COLUMNS = ["id", "username"]
NULLS = frozenset({"", "NULL", "\\N"})
MAX_ID_DIGITS = 18
USERS_PER_CHUNK = 5000

T = TypeVar("T")


class UnreadableDump(Exception):
    """The file is no dump of the table, or a row of it cannot be told from the next."""


class UnreadableCell(Exception):
    """A cell does not hold what its column holds; the text says what is wrong, without the cell's own."""


def iter_program_enrollments(file: TextIO) -> Iterator[api.LmsProgramEnrollment | api.LmsRefusal]:
    """Yield the rows of `program_enrollments_programenrollment`. Raises: UnreadableDump."""

    def read(line: int, lms_id: int, cells: Sequence[str]) -> api.LmsProgramEnrollment:
        _, created, modified, student_key, user_id, program_uuid, curriculum_uuid, status = cells
        return api.LmsProgramEnrollment(
            line=line,
            lms_id=lms_id,
            created=_read_time(created, "created"),
            modified=_read_time(modified, "modified"),
            student_key=None if student_key in NULLS else _read_student_key(student_key),
            lms_user_id=None if user_id in NULLS else _read_id(user_id, "user_id"),
            program_uuid=_read_uuid(program_uuid, "program_uuid"),
            curriculum_uuid=_read_uuid(curriculum_uuid, "curriculum_uuid"),
            status=_read_status(status, ProgramEnrollmentStatus.values),
        )

    return _iter_records(file, PROGRAM_COLUMNS, read)


def iter_course_enrollments(file: TextIO) -> Iterator[api.LmsCourseEnrollment | api.LmsRefusal]:
    """Yield the rows of `program_enrollments_programcourseenrollment`. Raises: UnreadableDump."""

    def read(line: int, lms_id: int, cells: Sequence[str]) -> api.LmsCourseEnrollment:
        _, created, modified, program_lms_id, course_key, status = cells
        return api.LmsCourseEnrollment(
            line=line,
            lms_id=lms_id,
            created=_read_time(created, "created"),
            modified=_read_time(modified, "modified"),
            program_lms_id=_read_id(program_lms_id, "program_enrollment_id"),
            course_key=_read_course_key(course_key),
            status=_read_status(status, ProgramCourseEnrollmentStatus.values),
        )

    return _iter_records(file, COURSE_COLUMNS, read)


def iter_usernames(file: TextIO) -> Iterator[Mapping[int, str]]:
    """Yield {id: username} of the rows of `auth_user`, some thousands at a time. Raises: UnreadableDump."""

    def read(line: int, cells: Sequence[str] | None) -> tuple[int, str]:
        try:
            lms_id, username = _require_width(cells)
            return _read_id(lms_id, "id"), username
        except UnreadableCell as fault:
            raise UnreadableDump(f"line {line}: {fault}") from fault

    rows = (read(line, cells) for line, cells in _iter_cells(file, USER_COLUMNS))
    while chunk := dict(islice(rows, USERS_PER_CHUNK)):
        yield chunk


def _iter_records(
    file: TextIO, columns: Sequence[str], read: Callable[[int, int, Sequence[str]], T]
) -> Iterator[T | api.LmsRefusal]:
    for line, cells in _iter_cells(file, columns):
        lms_id = None
        try:
            whole = _require_width(cells)
            lms_id = _read_id(whole[0], "id")
            yield read(line, lms_id, whole)
        except UnreadableCell as fault:
            yield api.LmsRefusal(line, lms_id, str(fault))


def _iter_cells(file: TextIO, columns: Sequence[str]) -> Iterator[tuple[int, Sequence[str] | None]]:
    """Yield (line on which the row begins, its cells in the order of `columns`); None: not as many as the header."""
    line = 0
    try:
        header_line = file.readline().removeprefix("\ufeff")
        line = 1
        for line, cells in _iter_rows(file, header_line, columns):
            yield line, cells
    except csv.Error as error:
        raise UnreadableDump(f"after line {line}: {error}") from error
    except UnicodeDecodeError as error:
        raise UnreadableDump(f"after line {line}: not UTF-8") from error


def _iter_rows(file: TextIO, header_line: str, columns: Sequence[str]) -> Iterator[tuple[int, Sequence[str] | None]]:
    # `mysql --batch` prints tabs, and spells what is special within cells with a backslash.
    is_batch = "\t" in header_line
    header = [name.strip() for name in next(csv.reader([header_line], delimiter="\t" if is_batch else ","), [])]
    missing = [name for name in columns if header.count(name) != 1]
    if missing:
        raise UnreadableDump(f"the header must name each of these columns once: {', '.join(missing)}")
    places = [header.index(name) for name in columns]
    reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if is_batch else csv.reader(file, strict=True)
    line = 2
    for row in reader:
        if row:
            cells = [row[place] for place in places] if len(row) == len(header) else None
            if is_batch and cells and any("\\" in cell for cell in cells):
                cells = [_unescape(cell) for cell in cells]
            yield line, cells
        line = reader.line_num + 2


def _require_width(cells: Sequence[str] | None) -> Sequence[str]:
    if cells is None:
        raise UnreadableCell("The row does not have as many cells as the header.")
    return cells


def _unescape(cell: str) -> str:
    if cell == "\\N":
        return cell
    parts = (part.replace("\\t", "\t").replace("\\n", "\n").replace("\\0", "\0") for part in cell.split("\\\\"))
    return "\\".join(parts)


def _read_id(text: str, column: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS):
        raise UnreadableCell(f"Its {column} is not a number.")
    return int(text)


@lru_cache(maxsize=1024)
def _read_uuid(text: str, column: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise UnreadableCell(f"Its {column} is not a uuid.") from error


@lru_cache(maxsize=4096)
def _read_course_key(text: str) -> str:
    try:
        return str(api.parse_course_key(text))
    except CourseDoesNotExist as error:
        raise UnreadableCell("Its course_key is not the key of a course run.") from error


def _read_student_key(cell: str) -> str:
    # Trimmed as in requests and rosters, which could not name it otherwise.
    text = cell.strip()
    if not text:
        raise UnreadableCell("Its external_user_key is blank.")
    if len(text) > MAX_STUDENT_KEY_LENGTH:
        raise UnreadableCell(f"Its external_user_key is longer than {MAX_STUDENT_KEY_LENGTH} characters.")
    if "\0" in text:
        raise UnreadableCell("Its external_user_key holds a character that cannot be stored.")
    return text


def _read_time(text: str, column: str) -> datetime:
    """Return the time in UTC, which an LMS's database keeps without saying so."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableCell(f"Its {column} is not a time.") from error


def _read_status(text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise UnreadableCell(f"Its status is not one of {', '.join(known)}.")
    return text
