"""RQ's timeouts. A job's own timeout is the worker's business and needs none of these classes."""

from __future__ import annotations

import ctypes
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from workhorse.exceptions import JobTimeoutException

BaseTimeoutException = JobTimeoutException
"""One class: it is a `BaseException`, so that `except Exception` in a job does not swallow it."""


class HorseMonitorTimeoutException(BaseTimeoutException):
    """Never raised: the kernel says when a work horse ends."""


class BaseDeathPenalty:
    """Raises in the body of a `with` once it has run for that many seconds."""

    def __init__(
        self,
        timeout: float | None,
        exception: type[BaseException] = BaseTimeoutException,
        **kwargs: Any,
    ) -> None:
        self._timeout = timeout or 0
        self._exception = exception

    def __enter__(self) -> None:
        self.setup_death_penalty()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cancel_death_penalty()

    def setup_death_penalty(self) -> None:
        """Begin."""
        raise NotImplementedError

    def cancel_death_penalty(self) -> None:
        """End."""
        raise NotImplementedError

    def _said(self) -> BaseException:
        return self._exception(f"it ran longer than {self._timeout} s")


class UnixSignalDeathPenalty(BaseDeathPenalty):
    """By SIGALRM, in the main thread; a timer that was running goes on afterwards."""

    def handle_death_penalty(self, signum: int, frame: FrameType | None) -> None:
        """What the signal calls."""
        raise self._said()

    def setup_death_penalty(self) -> None:
        """Set the timer."""
        self._handler = signal.signal(signal.SIGALRM, self.handle_death_penalty)
        self._left = signal.setitimer(signal.ITIMER_REAL, max(self._timeout, 0))[0]

    def cancel_death_penalty(self) -> None:
        """Stop it, and let the one that was there before go on."""
        left = signal.setitimer(signal.ITIMER_REAL, 0)[0]
        signal.signal(signal.SIGALRM, self._handler)
        if self._left:
            signal.setitimer(signal.ITIMER_REAL, max(self._left - self._timeout + left, 1e-3))


class TimerDeathPenalty(BaseDeathPenalty):
    """By a timer's thread, in whichever thread the body runs; not while it is in C code."""

    def __init__(
        self,
        timeout: float | None,
        exception: type[BaseException] = JobTimeoutException,
        **kwargs: Any,
    ) -> None:
        super().__init__(timeout, exception, **kwargs)
        self._thread = threading.get_ident()
        self._timer: threading.Timer | None = None

    def new_timer(self) -> threading.Timer:
        """A timer that has not begun."""
        return threading.Timer(self._timeout, self.handle_death_penalty)

    def handle_death_penalty(self) -> None:
        """What the timer calls."""
        kind = ctypes.py_object(self._exception)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_long(self._thread), kind)

    def setup_death_penalty(self) -> None:
        """Start the timer."""
        if self._timeout > 0:
            self._timer = self.new_timer()
            self._timer.start()

    def cancel_death_penalty(self) -> None:
        """Stop it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def get_default_death_penalty_class() -> type[BaseDeathPenalty]:
    """The one for this system."""
    return UnixSignalDeathPenalty if hasattr(signal, "SIGALRM") else TimerDeathPenalty


__all__ = [
    "BaseDeathPenalty",
    "BaseTimeoutException",
    "HorseMonitorTimeoutException",
    "JobTimeoutException",
    "TimerDeathPenalty",
    "UnixSignalDeathPenalty",
    "get_default_death_penalty_class",
]
