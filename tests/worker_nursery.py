"""Loads the service once and forks workers from it: `python -m tests.worker_nursery`.

Each line on standard input starts a worker; the answer is its process id. A worker is what `manage.py run_worker`
runs, without the seconds in which that loads.
"""

import os
import signal
import sys

import django


def main() -> None:
    django.setup()

    from imports.worker import Worker

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system itself buries the dead
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            Worker().run()
            os._exit(0)
        os.write(1, b"%d\n" % child)


if __name__ == "__main__":
    main()
