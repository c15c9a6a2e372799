"""Threads that work at once, none of which may fail unseen."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from torture.report import Line


@contextmanager
def working(deeds: Sequence[Callable[[], None]], stopping: threading.Event, line: Line) -> Iterator[None]:
    """Do all while the block lasts, each in a thread; then set the event that ends them. Accuse what they raise."""
    with ThreadPoolExecutor(len(deeds)) as threads:
        futures = [threads.submit(deed) for deed in deeds]
        try:
            yield
        finally:
            stopping.set()
    for fault in (future.exception() for future in futures):
        if fault is not None:
            line.accuse(f"A client ended: {type(fault).__name__}: {fault}")
