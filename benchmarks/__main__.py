"""`python -m benchmarks [--quick]`: measures the service beside the limit of its database, and judges it."""

import argparse
import sys

from benchmarks import database
from benchmarks.scale import FULL, QUICK


def main() -> int:
    """Return the exit code, 1 when a must is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds; the documentation stays as it is")
    is_quick: bool = parser.parse_args().quick
    database.start()

    from benchmarks.run import main as run  # noqa: PLC0415 -- needs the settings

    return run(QUICK if is_quick else FULL, is_full=not is_quick)


if __name__ == "__main__":
    sys.exit(main())
