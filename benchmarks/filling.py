"""Fills the database by SQL: enrollments over 50 programs, course enrollments, accounts, grades, all with history.

Program 0 lies interleaved with the others, one row in four. Program 1 lies in one range of ids, as after an import.
Row r of a program is learner r's, whose key is the same in all programs. Every second learner has an account.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from access.constants import SCOPES_OF_ROLE
from access.issuing import issue_application_token
from access.service import Role, create_partner
from benchmarks import database
from benchmarks.scale import Scale
from catalog.models import (
    Course,
    CourseRun,
    Curriculum,
    CurriculumCourse,
    DueDate,
    Organization,
    Program,
    ProgramOrganization,
)
from learners.models import IdentityProvider

PROGRAMS = 50
INTERLEAVED, CONTIGUOUS = 0, 1
OTHERS = PROGRAMS - 2
RUNS = 20
"""Course runs of each program; all rows are in the first one but those of the learners below."""

OVERVIEW_LEARNERS = 100
"""The first accounts: in all runs of the interleaved program, and never touched by a write."""

FIRST_WRITABLE_ROW = 2 * OVERVIEW_LEARNERS
PARTNERS = 16
TOKEN_SECONDS = 24 * 3600
FIRST_USER_ID = 100_000_000
LARGE_STEP = 200_000
"""From here on, rows come first and indexes after them."""

ENROLLMENTS = "program_enrollments_programenrollment"
TABLES = [
    ENROLLMENTS,
    "program_enrollments_historicalprogramenrollment",
    "program_enrollments_programcourseenrollment",
    "program_enrollments_historicalprogramcourseenrollment",
    "learners_courseenrollment",
    "grades_coursegrade",
]

NEW_ACCOUNTS = """
INSERT INTO learners_user
    (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT %(first_user)s + n, '!', FALSE, 'learner-' || n, '', '', 'learner-' || n || '@example.edu', FALSE, TRUE, now()
FROM generate_series(%(first)s, %(last)s) AS n;
INSERT INTO social_auth_usersocialauth (provider, uid, user_id, extra_data, created, modified, id_key)
SELECT 'tpa-saml', 'bench:student-' || lpad((2 * n)::text, 8, '0'), %(first_user)s + n, '{}', now(), now(), ''
FROM generate_series(%(first)s, %(last)s) AS n;
"""
NEW_ENROLLMENTS = """
INSERT INTO program_enrollments_programenrollment
    (created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status)
SELECT now(), now(), CASE WHEN place.row %% 2 = 0 THEN %(first_user)s + place.row / 2 END,
       'student-' || lpad(place.row::text, 8, '0'), (%(programs)s::uuid[])[1 + place.program],
       (%(curricula)s::uuid[])[1 + place.program], 'enrolled'
FROM generate_series(%(first)s, %(last)s) AS n
CROSS JOIN LATERAL (
    SELECT CASE WHEN %(is_contiguous)s THEN 1 WHEN n %% 4 = 0 THEN 0 ELSE 2 + other %% %(others)s END,
           CASE WHEN %(is_contiguous)s THEN n WHEN n %% 4 = 0 THEN n / 4 ELSE other / %(others)s END
    FROM (SELECT n / 4 * 3 + n %% 4 - 1) AS counted(other)
) AS place(program, row)
ORDER BY n;
"""
NEW_HISTORY = """
INSERT INTO program_enrollments_historicalprogramenrollment
    (id, created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status,
     history_date, history_type, history_change_reason, history_user_id, request_id, client_id)
SELECT id, created, modified, user_id, external_user_key, program_uuid, curriculum_uuid, status,
       created, '+', 'bench', NULL, '', ''
FROM program_enrollments_programenrollment WHERE id > %(known)s ORDER BY id;
"""
# Every row of the two large programs is in a course run, and every second one of the others.
NEW_COURSE_ENROLLMENTS = """
CREATE TEMPORARY TABLE placed AS
SELECT e.id, e.program_uuid, e.user_id, run.key
FROM program_enrollments_programenrollment AS e
JOIN unnest(%(programs)s::uuid[], %(run_keys)s::text[]) AS run(program_uuid, key) ON run.program_uuid = e.program_uuid
WHERE e.id > %(known)s
AND (e.program_uuid IN (%(interleaved)s, %(contiguous)s) OR right(e.external_user_key, 1) < '5');
INSERT INTO learners_courseenrollment (created, modified, user_id, course_key, mode, is_active, resume_url)
SELECT now(), now(), user_id, key, 'masters', TRUE, '' FROM placed WHERE user_id IS NOT NULL ORDER BY id;
INSERT INTO grades_coursegrade (created, modified, user_id, course_key, percent, letter_grade, passed, passed_at)
SELECT now(), now(), user_id, key, 0.75, 'C', TRUE, now()
FROM placed WHERE user_id IS NOT NULL AND program_uuid = %(interleaved)s ORDER BY id;
ANALYZE learners_courseenrollment, placed;
INSERT INTO program_enrollments_programcourseenrollment
    (created, modified, program_enrollment_id, program_uuid, course_enrollment_id, course_key, status)
SELECT now(), now(), placed.id, placed.program_uuid, seat.id, placed.key, 'active'
FROM placed
LEFT JOIN learners_courseenrollment AS seat ON seat.user_id = placed.user_id AND seat.course_key = placed.key
ORDER BY placed.id;
INSERT INTO program_enrollments_historicalprogramcourseenrollment
    (id, created, modified, program_enrollment_id, program_uuid, course_enrollment_id, course_key, status,
     history_date, history_type, history_change_reason, history_user_id, request_id, client_id)
SELECT id, created, modified, program_enrollment_id, program_uuid, course_enrollment_id, course_key, status,
       created, '+', 'bench', NULL, '', ''
FROM program_enrollments_programcourseenrollment WHERE program_enrollment_id > %(known)s ORDER BY id;
DROP TABLE placed;
"""
OVERVIEW_ROWS = """
INSERT INTO learners_courseenrollment (created, modified, user_id, course_key, mode, is_active, resume_url)
SELECT now(), now(), %(first_user)s + n, key, 'masters', TRUE, '/resume'
FROM generate_series(0, %(learners)s - 1) AS n CROSS JOIN unnest(%(run_keys)s::text[]) AS run(key)
ORDER BY n, key ON CONFLICT DO NOTHING;
INSERT INTO learners_certificate (created, modified, user_id, course_key, is_passing, created_date, download_url)
SELECT now(), now(), user_id, course_key, TRUE, now(), '/certificate' FROM learners_courseenrollment WHERE id %% 3 = 0;
"""


@dataclass(frozen=True)
class School:
    """What was filled: programs in the order of their numbers, each with its curriculum and its course runs."""

    program_uuids: list[UUID]
    curriculum_uuids: list[UUID]
    run_keys: list[list[str]]
    tokens: list[str]


def make_school() -> School:
    """Empty the database; make programs with their courses, and partners with a token each."""
    empty()
    organization = Organization.objects.create(key="bench", name="Bench")
    IdentityProvider.objects.create(slug="bench", organization=organization)
    programs = [
        Program.objects.create(key=f"bench-{number}", title=f"Bench {number}", type="Masters", marketing_slug="bench")
        for number in range(PROGRAMS)
    ]
    curricula = []
    run_keys = []
    for number, program in enumerate(programs):
        ProgramOrganization.objects.create(program=program, organization=organization)
        curriculum = Curriculum.objects.create(uuid=uuid4(), program=program, name="Bench")
        curricula.append(curriculum.uuid)
        run_keys.append([_make_run(curriculum, number, position) for position in range(RUNS)])
    return School(
        [program.uuid for program in programs], curricula, run_keys, [_make_token(n) for n in range(PARTNERS)]
    )


def empty() -> None:
    """Drop all rows, and give their room on the disk back."""
    database.execute(
        "TRUNCATE learners_user, catalog_organization, catalog_program, catalog_course, limits_requestcount CASCADE"
    )
    database.execute(f"TRUNCATE {', '.join(TABLES)}, imports_import, imports_importrow CASCADE")


def student_key(row: int) -> str:
    """Return the key of the learner to whom row number `row` of each program belongs."""
    return f"student-{row:08}"


class Filler:
    """Adds enrollments until there are as many as a step wants."""

    def __init__(self, school: School, scale: Scale) -> None:
        self.school = school
        self.scale = scale
        self.rows = 0
        self._interleaved = 0
        self._accounts = 0

    @property
    def interleaved_program_rows(self) -> int:
        """The rows that the interleaved program has by now."""
        return self._interleaved // 4

    def fill_up_to(self, rows: int) -> None:
        """Add the rows that are missing, and let PostgreSQL settle."""
        added = rows - self.rows
        with connect_for_filling() as cursor, without_indexes(cursor) if added >= LARGE_STEP else nullcontext():
            (known,) = _fetch_row(cursor, f"SELECT coalesce(max(id), 0) FROM {ENROLLMENTS}")  # noqa: S608 -- a constant
            if rows == self.scale.main:
                own = self.scale.program_size
                half = (added - own) // 2
                self._add(cursor, half)
                self._add_accounts(cursor, own // 2)
                self._insert(cursor, 0, own - 1, is_contiguous=True)
                self._add(cursor, added - own - half)
            else:
                self._add(cursor, added)
            values = {
                **self._values(),
                "known": known,
                "run_keys": [keys[0] for keys in self.school.run_keys],
                "interleaved": str(self.school.program_uuids[INTERLEAVED]),
                "contiguous": str(self.school.program_uuids[CONTIGUOUS]),
            }
            cursor.execute(NEW_HISTORY, values)
            cursor.execute(NEW_COURSE_ENROLLMENTS, values)
            if not self.rows:
                overview = {"learners": OVERVIEW_LEARNERS, "run_keys": self.school.run_keys[INTERLEAVED]}
                cursor.execute(OVERVIEW_ROWS, {**values, **overview})
        self.rows = rows
        database.settle()

    def _add(self, cursor: Any, rows: int) -> None:
        first, self._interleaved = self._interleaved, self._interleaved + rows
        self._add_accounts(cursor, self._interleaved // 8)
        self._insert(cursor, first, self._interleaved - 1, is_contiguous=False)

    def _add_accounts(self, cursor: Any, highest: int) -> None:
        if highest >= self._accounts:
            cursor.execute(NEW_ACCOUNTS, {**self._values(), "first": self._accounts, "last": highest})
            self._accounts = highest + 1

    def _insert(self, cursor: Any, first: int, last: int, *, is_contiguous: bool) -> None:
        values = {"first": first, "last": last, "is_contiguous": is_contiguous, "others": OTHERS}
        cursor.execute(NEW_ENROLLMENTS, {**self._values(), **values})

    def _values(self) -> Mapping[str, Any]:
        return {
            "first_user": FIRST_USER_ID,
            "programs": list(map(str, self.school.program_uuids)),
            "curricula": list(map(str, self.school.curriculum_uuids)),
        }


@contextmanager
def connect_for_filling() -> Iterator[Any]:
    """Yield a cursor in one transaction that trusts its own rows and may use more memory than usual."""
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        # Foreign keys hold by construction.
        cursor.execute(
            "SET session_replication_role = replica; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'"
        )
        yield cursor


@contextmanager
def without_indexes(cursor: Any) -> Iterator[None]:
    """Drop the indexes and foreign keys of the large tables, and make them again: far faster for millions of rows."""
    cursor.execute(
        """
        SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE contype IN ('f', 'u', 'p')
        AND (conrelid = ANY (%(tables)s::regclass[]) OR confrelid = ANY (%(tables)s::regclass[]))
        ORDER BY contype <> 'f', contype
        """,
        {"tables": TABLES},
    )
    constraints = cursor.fetchall()
    for table, name, _ in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    # What is left are those of no constraint.
    cursor.execute(
        "SELECT quote_ident(indexname), indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY (%s)",
        [TABLES],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)
    for table, name, definition in reversed(constraints):
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _make_run(curriculum: Curriculum, number: int, position: int) -> str:
    course = Course.objects.create(key=f"Bench+{number}.{position}", title=f"Course {position}")
    CurriculumCourse.objects.create(curriculum=curriculum, course=course, position=position)
    run = CourseRun.objects.create(key=f"course-v1:Bench+{number}.{position}+2026", course=course, title=course.title)
    DueDate.objects.create(course_run=run, name="Essay", date="2030-01-01T00:00:00Z")
    return str(run.key)


def _make_token(number: int) -> str:
    application = create_partner(f"Bench {number}", role=Role.WRITER, organization_key="bench").application
    scopes = [scope.value for scope in SCOPES_OF_ROLE[Role.WRITER]]
    return issue_application_token(application, scopes=scopes, lifetime_seconds=TOKEN_SECONDS)


def _fetch_row(cursor: Any, sql: str) -> tuple[Any, ...]:
    cursor.execute(sql)
    row: tuple[Any, ...] = cursor.fetchone()
    return row
