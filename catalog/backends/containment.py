"""Which course runs are in which programs (contract section 6), in SQL.

The rule is recursive, so it needs recursive queries, which the ORM cannot write. Each is one statement, and its
`UNION` (not `UNION ALL`) drops what was found before, so that programs that contain each other do not hang it.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL
from opaque_keys.edx.keys import CourseKey

from catalog.service import RunPlacement
from prepared.service import execution_of

# `holder`: the programs that contain one of the runs. Takes the runs' keys, twice.
HOLDERS = """
WITH RECURSIVE holder (program_id) AS (
    SELECT link.program_id
    FROM catalog_courserun AS run
    JOIN catalog_programcourse AS link ON link.course_id = run.course_id
    WHERE run.key = ANY (%s)
  UNION
    SELECT curriculum.program_id
    FROM catalog_courserun AS run
    JOIN catalog_curriculumcourse AS link ON link.course_id = run.course_id
    JOIN catalog_curriculum AS curriculum ON curriculum.id = link.curriculum_id
    WHERE run.key = ANY (%s)
  UNION
    SELECT parent.program_id
    FROM holder
    JOIN catalog_curriculumprogram AS link ON link.program_id = holder.program_id
    JOIN catalog_curriculum AS parent ON parent.id = link.curriculum_id
    WHERE parent.id = (
        SELECT sibling.id
        FROM catalog_curriculum AS sibling
        WHERE sibling.program_id = parent.program_id AND sibling.is_active
        ORDER BY sibling.position, sibling.id
        LIMIT 1
    )
)
"""

PROGRAMS_WITH_RUNS = f"{HOLDERS} SELECT program_id FROM holder"  # noqa: S608 -- constants only

# One row if the program exists. Every request about a course run asks; planning took longer than running.
PLACEMENT = f"""
{HOLDERS.replace("%s", "%(run_keys)s")}
SELECT
    EXISTS (SELECT FROM holder WHERE holder.program_id = program.id),
    ARRAY (
        SELECT curriculum.uuid
        FROM catalog_curriculum AS curriculum
        WHERE curriculum.program_id = program.id
          AND (
            EXISTS (
                SELECT
                FROM catalog_curriculumcourse AS link
                JOIN catalog_courserun AS run ON run.course_id = link.course_id
                WHERE link.curriculum_id = curriculum.id AND run.key = ANY (%(run_keys)s)
            )
            OR EXISTS (
                SELECT
                FROM catalog_curriculumprogram AS link
                JOIN holder ON holder.program_id = link.program_id
                WHERE link.curriculum_id = curriculum.id
            )
          )
    )
FROM catalog_program AS program
WHERE program.uuid = %(program_uuid)s
"""  # noqa: S608 -- constants only

# `part`: the program and the programs in it. Takes the program's uuid.
COURSES_OF_PROGRAM = """
WITH RECURSIVE part (program_id) AS (
    SELECT program.id FROM catalog_program AS program WHERE program.uuid = %s
  UNION
    SELECT link.program_id
    FROM part
    JOIN LATERAL (
        SELECT curriculum.id
        FROM catalog_curriculum AS curriculum
        WHERE curriculum.program_id = part.program_id AND curriculum.is_active
        ORDER BY curriculum.position, curriculum.id
        LIMIT 1
    ) AS first_active ON TRUE
    JOIN catalog_curriculumprogram AS link ON link.curriculum_id = first_active.id
)
SELECT link.course_id
FROM part
JOIN catalog_programcourse AS link ON link.program_id = part.program_id
UNION
SELECT link.course_id
FROM part
JOIN catalog_curriculum AS curriculum ON curriculum.program_id = part.program_id
JOIN catalog_curriculumcourse AS link ON link.curriculum_id = curriculum.id
"""


def ids_of_programs_with(course_keys: Iterable[CourseKey]) -> RawSQL:
    """Return a subquery: the ids of the programs that contain one of the course runs."""
    keys = [str(key) for key in course_keys]
    return RawSQL(PROGRAMS_WITH_RUNS, (keys, keys))  # noqa: S611 -- constant SQL, bound parameters


def ids_of_courses_in(program_uuid: UUID) -> RawSQL:
    """Return a subquery: the ids of the courses whose runs are in the program."""
    return RawSQL(COURSES_OF_PROGRAM, (program_uuid,))  # noqa: S611 -- constant SQL, bound parameters


def find_placement(program_uuid: UUID, course_key: CourseKey) -> RunPlacement:
    """Return where the run stands in the program, in one query."""
    values: dict[str, Any] = {"run_keys": [str(course_key)], "program_uuid": program_uuid}
    with connection.cursor() as cursor:
        cursor.execute(execution_of(PLACEMENT), values)
        row = cursor.fetchone()
    if row is None:
        return RunPlacement(in_program=False, curriculum_uuids=frozenset())
    in_program, curriculum_uuids = row
    return RunPlacement(in_program=in_program, curriculum_uuids=frozenset(curriculum_uuids))
