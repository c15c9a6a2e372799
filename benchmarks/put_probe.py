"""Writes 25 learners again and again, as PUT does, and prints how many milliseconds each write took, one a line.

Run by `benchmarks.imports` as a process of its own: `python -m benchmarks.put_probe PROGRAM CURRICULUM`.
"""

import os
import sys
import time
from itertools import count
from uuid import UUID

import django

PAUSE_SECONDS = 0.1


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    from program_enrollments import api  # noqa: PLC0415 -- needs the settings
    from program_enrollments.constants import WriteAction  # noqa: PLC0415 -- as above

    program, curriculum = map(UUID, sys.argv[1:])
    for number in count():
        # Learners are enrolled by one write and suspended by the next.
        status = "suspended" if number % 2 else "enrolled"
        records = [
            api.ProgramEnrollmentRecord(f"put-{number // 2}-{learner}", status, curriculum) for learner in range(25)
        ]
        began = time.perf_counter()
        api.write_program_enrollments(program_uuid=program, action=WriteAction.UPSERT, records=records)
        print(f"{1000 * (time.perf_counter() - began):.2f}", flush=True)  # noqa: T201 -- read by the parent
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
