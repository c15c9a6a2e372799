"""Both listings find their pages by their own index, wherever in the table the program lies (speed page)."""

import json
import re
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.measuring import read_statement
from tests.factories.catalog import CourseFactory, CourseRunFactory, CurriculumFactory, ProgramFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory

OTHERS = 30_000
OWN = 10_000
CURRICULUM = UUID(int=1)

# One large program in one range of ids in the middle, as after an import; one spread evenly among small ones.
FILL = """
INSERT INTO program_enrollments_programenrollment
    (created, modified, external_user_key, program_uuid, curriculum_uuid, status)
SELECT now(), now(), %(prefix)s || n, (%(programs)s::uuid[])[1 + n %% %(count)s], %(curriculum)s,
       CASE WHEN n %% 100 = 0 THEN 'canceled' ELSE 'enrolled' END
FROM generate_series(1, %(rows)s) AS n
"""
FILL_RUN = """
INSERT INTO program_enrollments_programcourseenrollment
    (created, modified, program_enrollment_id, program_uuid, course_key, status)
SELECT created, modified, id, program_uuid, %s, CASE status WHEN 'canceled' THEN 'inactive' ELSE 'active' END
FROM program_enrollments_programenrollment ORDER BY id
"""


def fill(prefix, program_uuids, rows):
    with connection.cursor() as cursor:
        cursor.execute(
            FILL,
            {
                "prefix": prefix,
                "programs": program_uuids,
                "count": len(program_uuids),
                "curriculum": CURRICULUM,
                "rows": rows,
            },
        )


@pytest.fixture(params=["contiguous", "interleaved"])
def program(request):
    program = ProgramFactory()
    course = CourseFactory()
    CurriculumFactory(program=program, courses=[course])
    run = CourseRunFactory(course=course)
    others = [UUID(int=1000 + n) for n in range(20)]
    if request.param == "contiguous":
        fill("before-", others, OTHERS)
        fill("own-", [program.uuid], OWN)
        fill("after-", others, OTHERS)
    else:
        fill("all-", [program.uuid, *others[:5]], OTHERS + OWN)
    with connection.cursor() as cursor:
        cursor.execute(FILL_RUN, [str(run.key)])
        cursor.execute("ANALYZE program_enrollments_programenrollment, program_enrollments_programcourseenrollment")
    program.run_key = run.key
    return program


def list_index_names(node):
    own = [node["Index Name"]] if "Index Name" in node else [node["Node Type"]] if "Scan" in node["Node Type"] else []
    return own + [name for child in node.get("Plans", ()) for name in list_index_names(child)]


def is_of_listing(sql):
    return re.search(r"ORDER BY .*program_uuid", sql) and "LIMIT" in sql


def request_page(client, url):
    """Return the page's body, and {index or scan: rows that its node gave} of the listing's own table."""
    with CaptureQueriesContext(connection) as queries:
        body = client.get(url).json()
    (sql,) = [query["sql"] for query in queries if is_of_listing(read_statement(query["sql"]))]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}")
        (found,) = cursor.fetchone()
    plan = json.loads(found)[0] if isinstance(found, str) else found[0]
    return body, plan["Plan"]


def count_rows_read(node):
    """Return how many rows the plan's scans read, those that a filter dropped included."""
    here = 0
    if "Scan" in node["Node Type"]:
        here = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return here + sum(map(count_rows_read, node.get("Plans", ())))


def walk(client, url):
    """Yield the plan of the first page, of one in the middle and of the last, then of pages on the way back."""
    middle = OWN // 1000 // 2
    number = 0
    while url:
        body, plan = request_page(client, url)
        if number in {0, middle} or body["next"] is None:
            yield plan
        last, url = body, body["next"]
        number += 1
    for _ in range(2):
        body, plan = request_page(client, last["previous"])
        yield plan
        last = body


def listing_url(program, *, of_run):
    path = f"/api/program_enrollments/v1/programs/{program.uuid}/"
    return f"{path}courses/{program.run_key}/enrollments/" if of_run else f"{path}enrollments/"


@pytest.mark.parametrize("of_run", [False, True])
@pytest.mark.parametrize("query", ["", "&modified_since=2020-01-01T00:00:00Z", f"&curriculum_uuid={CURRICULUM}"])
def test_every_page_reads_little_more_than_its_own_rows(staff_client, program, of_run, query):
    plans = list(walk(staff_client, listing_url(program, of_run=of_run) + f"?page_size=1000{query}"))

    index = "progcourseenroll_listing" if of_run else "programenrollment_in_program"
    assert len(plans) >= 5
    for plan in plans:
        assert index in list_index_names(plan)
        assert count_rows_read(plan) <= 3 * 1001


@pytest.mark.parametrize("of_run", [False, True])
def test_a_plan_that_serves_all_pages_of_the_usual_size_reads_little_more_than_their_rows(
    staff_client, program, of_run
):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    url = listing_url(program, of_run=of_run)
    large_page, _ = request_page(staff_client, f"{url}?page_size=1000")
    first, plan = request_page(staff_client, url)
    middle, plan_of_middle = request_page(staff_client, large_page["next"].replace("page_size=1000", "page_size=100"))
    _, plan_of_way_back = request_page(staff_client, middle["previous"])

    assert first["results"] == large_page["results"][:100]
    index = "progcourseenroll_listing" if of_run else "programenrollment_in_program"
    for each in (plan, plan_of_middle, plan_of_way_back):
        assert index in list_index_names(each)
        assert count_rows_read(each) <= 3 * 101


@pytest.mark.parametrize("of_run", [False, True])
def test_a_filter_that_few_rows_meet_is_applied_within_the_listing_on_every_page(staff_client, program, of_run):
    status = "inactive" if of_run else "canceled"
    plans = list(walk(staff_client, listing_url(program, of_run=of_run) + f"?status={status}&page_size=20"))

    index = "progcourseenroll_listing" if of_run else "programenrollment_in_program"
    assert len(plans) >= 4
    for plan in plans:
        assert index in list_index_names(plan)
        assert count_rows_read(plan) <= 3 * OWN


@pytest.mark.parametrize("of_run", [False, True])
def test_one_learner_is_looked_up_by_key(staff_client, program, of_run):
    enrollment = ProgramEnrollmentFactory(program_uuid=program.uuid, external_user_key="somebody")
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment, course_key=program.run_key)

    body, plan = request_page(staff_client, listing_url(program, of_run=of_run) + "?student_key=somebody")

    assert [row["student_key"] for row in body["results"]] == ["somebody"]
    assert count_rows_read(plan) <= 10
