"""Shows with real processes that the promises of docs/reliability.md hold: `python -m torture [--quick]`.

Prints a table of what was done, how often, and what was lost. Exits with 1 when anything was.
"""

import argparse
import importlib
import logging
import secrets
import sys
import time
from dataclasses import dataclass

from torture.report import Line, print_table, say
from torture.service import FOLDER, Database, prepare_environment


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done: seconds, times that each fault comes, and generated cases for each operation."""

    load: dict[str, int]
    races: dict[str, int]
    faults: dict[str, int]
    bad_input: dict[str, int | str]


FULL = Sizes({"seconds": 600}, {"seconds": 60}, {"times": 5}, {"cases": 50})
QUICK = Sizes({"seconds": 20}, {"seconds": 15}, {"times": 1}, {"cases": 2})
PARTS = ("races", "load", "faults", "bad_input")


def main() -> int:
    """Run what is asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run; default: all")
    parser.add_argument("--quick", action="store_true", help="a little of everything (see docs/reliability.md)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of a run to do again")
    parser.add_argument("--cases", type=int, help="generated requests for each operation, with and without rights")
    parser.add_argument(
        "--paths", default=".", help="a regular expression: generated requests go to paths that it finds"
    )
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    sizes.bad_input["paths"] = options.paths
    if options.cases:
        sizes.bad_input["cases"] = options.cases
    say(f"Seed {options.seed}. Logs are in {FOLDER}.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    database = Database()
    prepare_environment(database)
    _prepare_django()
    lines: list[Line] = []
    for part in options.only:
        began = time.monotonic()
        module = importlib.import_module(f"torture.{part}")
        lines += module.run(database, seed=options.seed, **getattr(sizes, part))
        say(f"{part}: {time.monotonic() - began:.0f} s")
    return 1 if print_table(lines) else 0


def _prepare_django() -> None:
    import django  # noqa: PLC0415 -- reads the settings, which are in the environment only now
    from django.core.management import call_command  # noqa: PLC0415 -- as above

    django.setup()
    logging.disable()  # what this process does itself is told in the table
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
