"""Raise `JobTimeoutException` inside a job when its time is up (many at once: `deadlines`).

The handler and the kernel's timer stay in place from one run to the next. The timer is set only
when it would ring too late, so a stream of quick jobs costs one system call a second.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has no stub of it
import signal
import sys
from _thread import get_ident
from time import monotonic
from types import FrameType, TracebackType
from typing import Final

from workhorse.exceptions import JobTimeoutException

GRACE = 1.0
"""How long after its timeout a job that has not ended is killed with its horse, seconds."""
TRUST: Final = 1.0
"""For how long the timer is believed to be as we set it, seconds: a job may set its own."""

_due = 0.0
_seconds = 0.0
_rings = 0.0
_set_at = 0.0


def says(seconds: float, what: str = "the job") -> str:
    """The text of the exception."""
    return f"{what} ran longer than its timeout of {seconds:g} s"


STOPPED: Final = "the job is stopped"
"""The text of the exception that ends a job which somebody stops."""


def forget() -> None:
    """Take the timer as not set: this process is a fork, and timers are not inherited."""
    global _due, _rings  # noqa: PLW0603 - the kernel's timer is one for the process, too
    _due = _rings = 0.0


class deadline:  # noqa: N801 - a context manager, read as a verb
    """Raise in the body once it has run for that many seconds; negative: never.

    SIGALRM does it, so only the main thread of a process has deadlines; elsewhere the
    body runs without one. Deadlines do not nest.
    """

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        if _is_main_thread():
            begin(self._seconds)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._seconds >= 0:
            over()


def begin(seconds: float) -> None:
    """Begin a deadline in the main thread; negative: none. `over` must follow, come what may."""
    if seconds >= 0:
        _begin(seconds)


def over() -> None:
    """End the deadline that `begin` began."""
    global _due  # noqa: PLW0603 - as above
    _due = 0.0


def _begin(seconds: float) -> None:
    global _due, _seconds, _rings  # noqa: PLW0603 - as above
    # The plain C function, because the one of `signal` takes 2 us to make an enum. An
    # earlier job may have put a handler of its own in place of ours.
    if _signal.getsignal(signal.SIGALRM) is not _ring:
        signal.signal(signal.SIGALRM, _ring)
        _rings = 0.0
    now = monotonic()
    _seconds = seconds
    _due = now + max(seconds, 1e-6)
    if not now < _rings <= _due or now - _set_at > TRUST:
        _set(_due, now)


def _set(when: float, now: float) -> None:
    global _rings, _set_at
    _rings, _set_at = when, now
    _signal.setitimer(signal.ITIMER_REAL, max(when - now, 1e-6))


def _ring(_signal_number: int, _frame: FrameType | None) -> None:
    global _rings  # noqa: PLW0603 - as above
    _rings = 0.0
    # It may ring between two jobs, and for one that came after the one it was set for.
    if not _due:
        return
    now = monotonic()
    if now >= _due:
        raise JobTimeoutException(says(_seconds))
    _set(_due, now)


def _is_main_thread() -> bool:
    # Not imported for this: with `threading` in it, a process pays twice as much for a fork.
    threading = sys.modules.get("threading")
    return threading is None or threading.main_thread().ident == get_ident()
