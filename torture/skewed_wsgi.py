"""The service with a clock that jumps: `gunicorn torture.skewed_wsgi`.

The file named by TORTURE_CLOCK_FILE says by how many seconds the clock is wrong; it is looked at all the time.
"""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from config.wsgi import application

__all__ = ["application"]

LOOK_SECONDS = 0.1


def follow_file(path: Path) -> None:
    """Set this process's clock as the file says, for ever."""
    offset, travel = 0, None
    while True:
        wanted = int(path.read_text() or 0)
        if wanted != offset:
            if travel is not None:
                travel.stop()
            offset, travel = wanted, time_machine.travel(datetime.now(UTC) + timedelta(seconds=wanted))
            travel.start()
        time.sleep(LOOK_SECONDS)


threading.Thread(target=follow_file, args=[Path(os.environ["TORTURE_CLOCK_FILE"])], daemon=True).start()
