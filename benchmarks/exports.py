"""An export of a whole program over HTTP, beside a bare COPY to a client."""

import csv
from uuid import UUID

from benchmarks.calls import OverHttp, listing_path
from benchmarks.filling import CONTIGUOUS, School
from benchmarks.judging import Row
from benchmarks.limits import CountingSink, Limits
from benchmarks.measuring import MEGABYTE, alternate
from benchmarks.scale import Scale
from benchmarks.server import Server
from program_enrollments.models import ProgramEnrollment


def measure(school: School, scale: Scale, server: Server) -> list[Row]:
    """Compare the seconds, and tell how much memory the worker took for it."""
    program = school.program_uuids[CONTIGUOUS]
    limits = Limits()
    client = OverHttp(server.port, school.tokens[0])
    path = f"{listing_path(program)}export/"
    client.count_bytes(path)
    before = server.memory.look()
    with server.memory.watching(0.05):
        medians = alternate(
            {
                "limit": lambda number: limits.export(program),
                "service": lambda number: client.count_bytes(path),
            },
            rounds=scale.export_rounds,
            warm_up=1,
        )
    naive = alternate({"naive": lambda number: export_instances(program)}, rounds=1, warm_up=0)["naive"]
    return [
        Row(
            key="export",
            work=f"Export of {scale.program_size:,} rows over HTTP",
            value=medians["service"] / medians["limit"],
            must=1.5,
            aim=1.15,
            limit=_rate(scale, medians["limit"]),
            service=_rate(scale, medians["service"]),
            naive=f"{_rate(scale, naive)}, {naive / medians['limit']:.1f} x",
        ),
        Row(
            key="export_memory",
            work="Memory that exports add to a web worker",
            value=max(server.memory.peak - before, 0) / MEGABYTE,
            unit="MB",
            aim=10,
        ),
    ]


def export_instances(program_uuid: UUID) -> None:
    """Write a program's enrollments by iterating over instances."""
    lines = csv.writer(CountingSink())
    for row in ProgramEnrollment.objects.filter(program_uuid=program_uuid).order_by("id").iterator():
        lines.writerow([row.external_user_key, row.status, row.curriculum_uuid])


def _rate(scale: Scale, milliseconds: float) -> str:
    return f"{1000 * scale.program_size / milliseconds:,.0f} rows/s"
