"""Raise `JobTimeoutException` inside a job when its time is up (coroutines: `coroutines`)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workhorse.exceptions import JobTimeoutException

GRACE = 1.0
"""How long after its timeout a job that has not ended is killed with its horse, seconds."""


def says(seconds: float) -> str:
    """The text of the exception."""
    return f"the job ran longer than its timeout of {seconds:g} s"


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise in the body once it has run for that long; negative: never.

    SIGALRM does it, so only the main thread of a process has deadlines; elsewhere the
    body runs without one.
    """
    if seconds < 0 or threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def expire(_signal: int, _frame: object) -> None:
        # The alarm may ring between the end of the body and its being turned off.
        if armed:
            raise JobTimeoutException(says(seconds))

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
