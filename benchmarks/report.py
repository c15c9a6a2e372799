"""The report: for the terminal, as JSON, and as a page of the documentation."""

import json
import os
import platform
import sysconfig
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.judging import Row, Verdict
from benchmarks.load import LoadResult
from benchmarks.obstacles import OBSTACLES, UNEXPLAINED
from benchmarks.sizes import OPERATIONS, YARDSTICK, SizePoint

COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
COLOR_NAMES = ("blue", "orange", "green", "red", "purple", "brown", "pink", "gray", "olive", "cyan")

PAGE = """# Performance

<!-- Written by `make bench`; do not edit. -->

What the service costs beside the limit of its database, measured by `make bench` on {measured_at} with {rows:,}
enrollments over {programs} programs, all with history, on {machine}.
Only ratios carry over to another machine.

*Limit*: bare psycopg2 and SQL doing the same rows, with the same constraints, indexes, history and durability, in
turns with the service. It works as an ordinary program with psycopg2 does, and as the one against which the musts and
aims were set: it sends BEGIN, the statement and COMMIT one after the other, prepares none of them, and writes pages
with the standard library's `json`. The service prepares its statements, sends what belongs together in one round trip,
and writes pages with orjson, so parts of it may be faster than the limit's. *Prepared limit*: the same with these means
of the service, measured afterwards; nothing is judged by it. The ratio beside it is the service's to it.

*Naive*: what the original system does, one `save()` with simple-history for each record, model instances and model
serializers for pages; it follows after the others. All times are medians. HTTP is over gunicorn, started as the image
starts it, with {workers} workers, without Redis. Imports begin with empty tables, and run twice a side: limit, service,
service, limit; what is judged is the sum.

PostgreSQL logs a page as a whole when it changes for the first time since a checkpoint, which it makes every five
minutes. Where updates are judged, their learners were changed before, in the warm-up; what the first changes cost, for
the limit as for the service, stands with the cost against size. Bytes logged are the median of those that one write
adds to PostgreSQL's log.

## Musts and aims

{table}

{missed}

## How pages are found

{plans}

## Cost against size

Medians in milliseconds, within the process; pages are whole requests, and writes so called. The yardstick is the same
work at each size: it tells how fast the machine was then. The picture, relative to the smallest size, and the growth
judged above, the largest from any size to a larger one, are in its terms. The first updates since a checkpoint are not
judged, as PostgreSQL logs whole pages then, which the limit pays too: how much both grow stands in the table above.

{sizes}

{chart}

## Load

Closed loop over HTTP on the loopback, {seconds:g} s for each number of clients: 70 % listings of 100 rows anywhere in
the two programs of {program_size:,}, 25 % writes of 25 records, 5 % overviews. The clients run on the same machine.
Reconnects are connections that the server had closed while they were idle, as a worker does that is replaced; what was
asked then is asked again on a new one, and its time is that of both.

{load}

## To measure again

```
make bench          # about a quarter of an hour, writes this page
make bench QUICK=1  # about two minutes, fewer rows; this page stays as it is
```

Both write all numbers to `benchmarks/latest.json`, and fail when a must is missed.
"""


@dataclass(frozen=True)
class Report:
    """All that was measured. `points` are the sizes in order, `machine` says where it was."""

    rows: Sequence[Row]
    points: Sequence[SizePoint]
    loads: Sequence[LoadResult]
    enrollments: int
    program_size: int
    programs: int
    load_seconds: float
    workers: str
    machine: str
    measured_at: str

    def as_json(self) -> str:
        """Return all numbers."""
        body = {
            **asdict(self),
            "rows": [row.as_json() for row in self.rows],
        }
        return json.dumps(body, indent=2) + "\n"

    def as_text(self) -> str:
        """Return the table for a terminal, and what missed its aim."""
        lines = [f"{'work':100}{'value':>12}  {'must':>10} {'aim':>10}  verdict"]
        for row in self.rows:
            must, aim = show_bound(row, row.must), show_bound(row, row.aim)
            lines.append(f"{row.work:100}{show(row):>12}  {must:>10} {aim:>10}  {row.verdict}")
            details = {"limit": row.limit, "service": row.service, "naive": row.naive, "plan": row.plan}
            if row.queries is not None:
                details["queries"] = str(row.queries)
            lines += [f"    {name}: {text}" for name, text in details.items() if text]
        for load in self.loads:
            lines.append(
                f"{load.clients:3} clients: {load.requests_per_second:,.0f} requests/s, p50 {load.all.p50:.1f} ms,"
                f" p95 {load.all.p95:.1f} ms, p99 {load.all.p99:.1f} ms, {len(load.errors)} errors {load.errors[:3]},"
                f" {load.reconnects} reconnects"
            )
        return "\n".join(lines)

    def as_page(self) -> str:
        """Return the page of the documentation."""
        return PAGE.format(
            measured_at=self.measured_at,
            rows=self.enrollments,
            programs=self.programs,
            machine=self.machine,
            workers=self.workers,
            seconds=self.load_seconds,
            program_size=self.program_size,
            table=self._tabulate(),
            missed=self._explain_missed(),
            plans=tabulate(("page", "indexes, rows"), [(row.work, f"`{row.plan}`") for row in self.rows if row.plan]),
            sizes=tabulate(
                ("operation", *(f"{point.rows:,}" for point in self.points), "line"),
                [
                    (work, *(f"{point.medians[key]:.2f}" for point in self.points), color)
                    for (key, work), color in zip(
                        [*OPERATIONS.items(), (YARDSTICK, YARDSTICK)], [*COLOR_NAMES, ""], strict=True
                    )
                ],
            ),
            chart=draw(self.points),
            load=tabulate(
                ("clients", "requests/s", "p50", "p95", "p99", "by kind: p50 / p95", "errors", "reconnects"),
                [
                    (
                        str(load.clients),
                        f"{load.requests_per_second:,.0f}",
                        *(f"{value:.1f} ms" for value in (load.all.p50, load.all.p95, load.all.p99)),
                        ", ".join(f"{kind} {some.p50:.1f} / {some.p95:.1f}" for kind, some in load.by_kind.items()),
                        str(len(load.errors)),
                        str(load.reconnects),
                    )
                    for load in self.loads
                ],
            ),
        )

    def _tabulate(self) -> str:
        return tabulate(
            ("work", "limit", "service", "ratio or value", "must", "aim", "", "naive", "queries"),
            [
                (
                    row.work,
                    row.limit,
                    row.service,
                    f"**{show(row)}**",
                    show_bound(row, row.must),
                    show_bound(row, row.aim),
                    row.verdict.value,
                    row.naive,
                    "" if row.queries is None else str(row.queries),
                )
                for row in self.rows
            ],
        )

    def _explain_missed(self) -> str:
        missed = [row for row in self.rows if row.misses_its_aim]
        if not missed:
            return "All aims are met."
        lines = [f"- {row.work} ({show(row)}): {OBSTACLES.get(row.key, UNEXPLAINED)}" for row in missed]
        return "What stands in the way of the aims that are missed:\n\n" + "\n".join(lines)


def describe_machine(database: str) -> str:
    """Return on what the numbers were taken."""
    is_optimized = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    build = "" if is_optimized else " (built without --enable-optimizations)"
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}{build}, {database}"


def write(report: Report, *, folder: Path, page: Path) -> None:
    """Write the numbers to the folder and the page to its place."""
    (folder / "latest.json").write_text(report.as_json())
    page.write_text(report.as_page())


def show(row: Row) -> str:
    """Return the value with its unit."""
    return show_number(row.value, row.unit)


def show_bound(row: Row, bound: float | None) -> str:
    """Return a must or an aim with its unit."""
    if bound is None:
        return ""
    return show_number(bound, row.unit, digits=2 if bound % 1 else 0) + (" more" if row.more_is_better else "")


def show_number(value: float, unit: str, digits: int | None = None) -> str:
    """Return a number with as many digits as its unit deserves."""
    if digits is None:
        digits = {"x": 2, "s": 2}.get(unit, 0)
    return f"{value:,.{digits}f} {unit}"


def tabulate(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(points: Sequence[SizePoint]) -> str:
    """Return a Mermaid chart: a line for each operation, relative to the smallest size."""
    relative = {key: [point.compare(key, points[0]) for point in points] for key in OPERATIONS}
    top = max(2.0, *(max(values) for values in relative.values()))
    config: dict[str, Any] = {"themeVariables": {"xyChart": {"plotColorPalette": ", ".join(COLORS)}}}
    lines = [
        "```mermaid",
        f"%%{{init: {json.dumps(config)}}}%%",
        "xychart-beta",
        f'    title "Cost relative to {points[0].rows:,} rows"',
        "    x-axis [" + ", ".join(f'"{point.rows:,}"' for point in points) + "]",
        f'    y-axis "times" 0 --> {top:.1f}',
        *(f"    line [{', '.join(f'{value:.2f}' for value in values)}]" for values in relative.values()),
        "```",
    ]
    return "\n".join(lines)


def count_missed(rows: Sequence[Row]) -> str:
    """Return one sentence on the whole."""
    musts = [row for row in rows if row.must is not None]
    aims = [row for row in rows if row.aim is not None]
    met = sum(row.verdict is not Verdict.MISSED for row in musts)
    reached = sum(row.verdict is Verdict.AIM_MET for row in aims)
    return f"{met} of {len(musts)} musts are met, {reached} of {len(aims)} aims."
