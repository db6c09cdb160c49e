"""Raise `JobTimeoutException` inside a job when its time is up (coroutines: `coroutines`).

A run costs two system calls for its deadline: the handler stays in place from one to the next.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has no stub of it
import signal
import sys
from _thread import get_ident
from types import FrameType, TracebackType

from workhorse.exceptions import JobTimeoutException

GRACE = 1.0
"""How long after its timeout a job that has not ended is killed with its horse, seconds."""

_armed: float = -1.0


def says(seconds: float) -> str:
    """The text of the exception."""
    return f"the job ran longer than its timeout of {seconds:g} s"


def _expire(_signal_number: int, _frame: FrameType | None) -> None:
    # The alarm may ring between the end of the body and its being turned off.
    if _armed >= 0:
        raise JobTimeoutException(says(_armed))


def _is_main_thread() -> bool:
    # Not imported for this: with `threading` in it, a process pays twice as much for a fork.
    threading = sys.modules.get("threading")
    return threading is None or threading.main_thread().ident == get_ident()


class deadline:  # noqa: N801 - a context manager, read as a verb
    """Raise in the body once it has run for that many seconds; negative: never.

    SIGALRM does it, so only the main thread of a process has deadlines; elsewhere the
    body runs without one. Deadlines do not nest.
    """

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        can = seconds >= 0 and _is_main_thread()
        self._seconds = max(seconds, 1e-6) if can else -1.0

    def __enter__(self) -> None:
        global _armed  # noqa: PLW0603 - the kernel's timer is one for the process, too
        if self._seconds < 0:
            return
        # The plain C function, because the one of `signal` takes 2 us to make an enum. An
        # earlier job may have put a handler of its own in place of ours.
        if _signal.getsignal(signal.SIGALRM) is not _expire:
            signal.signal(signal.SIGALRM, _expire)
        _armed = self._seconds
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _armed  # noqa: PLW0603 - as above
        if self._seconds >= 0:
            _armed = -1.0
            signal.setitimer(signal.ITIMER_REAL, 0)
