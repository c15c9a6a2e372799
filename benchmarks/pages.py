"""Pages of listings: one page as a whole request, pages far down, and the queries of a page."""

import json
from collections.abc import Callable, Mapping
from uuid import UUID

from benchmarks import database
from benchmarks.calls import InProcess, cursor, grades_path, listing_path, naive_path, overview_path
from benchmarks.filling import CONTIGUOUS, INTERLEAVED, School
from benchmarks.judging import Row
from benchmarks.limits import Limits, PreparedLimits, describe
from benchmarks.measuring import Plan, alternate, compare, explain, list_queries, read_statement
from benchmarks.scale import Scale

PAGE = 100
NAIVE_ROUNDS = 3
"""Its last pages can take a second."""

TABLES = {
    "program": "program_enrollments_programenrollment",
    "run": "program_enrollments_programcourseenrollment",
}
PLACES = {"interleaved": INTERLEAVED, "contiguous": CONTIGUOUS}


def measure(school: School, scale: Scale) -> list[Row]:
    """Measure all of it."""
    client = InProcess(school.tokens[0])
    rows = [measure_page(school, scale, client)]
    for place in PLACES:
        rows += [measure_depth(school, scale, client, place=place, listing=listing) for listing in TABLES]
    return rows + measure_queries(school, client)


def measure_page(school: School, scale: Scale, client: InProcess) -> Row:
    """Compare a first page of 100, as a whole request, with both limits and the naive version."""
    program = school.program_uuids[INTERLEAVED]
    limits, prepared_limits = Limits(), PreparedLimits()
    path, naive = listing_path(program), naive_path(program)
    contestants: dict[str, Callable[[int], bytes]] = {
        "limit": lambda number: limits.read_page(program),
        "prepared_limit": lambda number: prepared_limits.read_page(program),
        "service": lambda number: client.get(path),
        "naive": lambda number: client.get(naive),
    }
    expected, *others = (json.loads(read(0))["results"] for read in contestants.values())
    if any(results != expected for results in others):
        raise RuntimeError("The contestants do not give the same page.")
    medians = compare(contestants, rounds=scale.rounds)
    queries = list_queries_of(client, path)
    naive_queries = list_queries_of(client, naive)
    return Row(
        key="page",
        work="Page of 100, whole request within the process",
        value=medians["service"] / medians["limit"],
        must=2.5,
        aim=1.6,
        limit=describe(medians),
        service=f"{medians['service']:.2f} ms",
        naive=f"{medians['naive']:.2f} ms, {medians['naive'] / medians['limit']:.1f} x, {len(naive_queries)} queries",
        queries=len(queries),
        plan=str(explain_listing(queries)),
    )


def measure_depth(school: School, scale: Scale, client: InProcess, *, place: str, listing: str) -> Row:
    """Compare pages in the middle and at the end, forwards and backwards, with the first page."""
    number = PLACES[place]
    program = school.program_uuids[number]
    run_key = school.run_keys[number][0] if listing == "run" else None
    pages = list_pages(program, listing)
    path = listing_path(program, run_key)
    medians = alternate(
        {name: lambda number, query=query: client.get(path + query) for name, query in pages.items()},  # type: ignore[misc]  # bound now
        rounds=scale.rounds,
    )
    slowest = max(medians, key=medians.__getitem__)
    plans = {
        name: explain_listing(list_queries(lambda query=query: client.get(path + query)))  # type: ignore[misc]  # bound now
        for name, query in pages.items()
    }
    worst = max(plans.values(), key=lambda plan: plan.rows_read)
    return Row(
        key=f"depth_{place}_{listing}",
        work=f"Slowest page of {scale.program_size:,} rows, {place}, against the first page"
        + (", listing of a course run" if listing == "run" else ""),
        value=medians[slowest] / medians["first"],
        must=1.5,
        aim=1.2,
        limit=f"first {medians['first']:.2f} ms",
        service=", ".join(f"{name} {median:.2f} ms" for name, median in medians.items() if name != "first"),
        naive=_measure_naive_depth(program, pages, client) if listing == "program" else "",
        plan=str(worst),
    )


def measure_queries(school: School, client: InProcess) -> list[Row]:
    """Count the queries of small and of large pages."""
    program, run_key = school.program_uuids[INTERLEAVED], school.run_keys[INTERLEAVED][0]
    rows = []
    for key, work, path, small, large in (
        ("course_listing", "listing of a course run", listing_path(program, run_key), 10, 100),
        ("overview", "overview", overview_path(program, "learner-7"), 5, 20),
        ("grades", "grades", grades_path(program, run_key), 10, 100),
    ):
        few, many = (list_queries_of(client, f"{path}?page_size={size}") for size in (small, large))
        rows.append(
            Row(
                key=f"queries_{key}",
                work=f"Queries of a page, {work}: more for {large} rows than for {small}",
                value=len(many) - len(few),
                unit="queries",
                must=0,
                queries=len(many),
                plan=str(explain_listing(many)) if key != "overview" else "",
            )
        )
    return rows


def list_pages(program: UUID, listing: str) -> dict[str, str]:
    """Return {name: query} of the pages to compare."""
    table = TABLES[listing]
    ((rows,),) = database.fetch(
        f"SELECT count(*) FROM {table} WHERE program_uuid = %(program)s",  # noqa: S608 -- a constant
        {"program": str(program)},
    )

    def find_id(row: int) -> int:
        ((found,),) = database.fetch(
            f"SELECT id FROM {table} WHERE program_uuid = %(program)s ORDER BY id OFFSET %(row)s LIMIT 1",  # noqa: S608 -- a constant
            {"program": str(program), "row": row},
        )
        return int(found)

    middle, last = find_id(rows // 2), find_id(rows - PAGE - 1)
    return {
        "first": "",
        "middle": cursor(middle),
        "last": cursor(last),
        "last, backwards": cursor(last, backwards=True),
        "middle, backwards": cursor(middle, backwards=True),
        "first, backwards": cursor(find_id(PAGE), backwards=True),
    }


def list_queries_of(client: InProcess, path: str) -> list[str]:
    """Return the queries of a request that is not the first of its kind: now and then requests are counted."""
    client.get(path)
    return list_queries(lambda: client.get(path))


def explain_listing(queries: list[str]) -> Plan:
    """Return the plan of the one query that finds the rows of a page."""
    (sql,) = [
        sql for sql in queries if all(word in read_statement(sql) for word in ("program_uuid", "ORDER BY", "LIMIT"))
    ]
    return explain(sql)


def _measure_naive_depth(program: UUID, pages: Mapping[str, str], client: InProcess) -> str:
    path = naive_path(program)
    medians = alternate(
        {name: lambda number, query=pages[name]: client.get(path + query) for name in ("first", "last")},  # type: ignore[misc]  # bound now
        rounds=NAIVE_ROUNDS,
        warm_up=1,
    )
    return f"first {medians['first']:.1f} ms, last {medians['last']:.1f} ms"
