"""Where a worker without horses runs its jobs: one at a time, in a thread that others interrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from workhorse.exceptions import JobStopped
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.worker.execution import Run
from workhorse.worker.kernel import INTERRUPT
from workhorse.worker.threads import raise_in
from workhorse.worker.timeouts import GRACE, STOPPED


class Stage:
    """Runs jobs in the thread that enters it; a context manager.

    A signal interrupts the main thread, also where it waits for something; another thread is
    interrupted when it comes back to Python code.

    Args:
        cancel: Cancels the coroutine that runs; says False if none does.
    """

    def __init__(self, cancel: Callable[[], bool]) -> None:
        self._cancel = cancel
        self._lock = threading.Lock()
        self._thread = 0
        self._before: signal._HANDLER = None
        self._is_main = False
        self._lease: Lease | None = None
        self._early: Lease | None = None
        self._asked: Lease | None = None
        self._tries = 0

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._before = signal.signal(INTERRUPT, self._arrived)

    def __exit__(self, *_: object) -> None:
        if self._is_main:
            signal.signal(INTERRUPT, self._before)

    def run(self, lease: Lease, work: Callable[[], Report]) -> Report:
        """What work makes of a job; that it failed, if it was interrupted before it could say."""
        report: Report | None = None
        try:
            self._tries = 0
            self._lease = lease
            try:
                report = None if self._early is lease else work()
            finally:
                with self._lock:
                    self._lease = None
                # An exception that was sent before that arrives in here, and not later.
                for _ in range(100 if self._tries else 0):
                    pass
        except JobStopped:
            self._lease = None
        return report or Report("failed", STOPPED.encode())

    def amend(self, run: Run) -> None:
        """A run that was to end was stopped, whatever it made of that, such as a cancellation."""
        if run.error is not None and self._lease is not None and self._early is self._lease:
            run.error = JobStopped(STOPPED)

    def interrupt(self, lease: Lease) -> None:
        """From another thread: have a job end that runs, or is about to; until it does."""
        self._early = lease
        if self._lease is lease and not self._tries:
            self._insist(lease)

    def _insist(self, lease: Lease) -> None:
        with self._lock:
            if self._lease is not lease:
                return
            self._tries += 1
            # A coroutine is cancelled first: an exception in its loop would leave it behind.
            if self._tries > 1 or not self._cancel():
                self._throw(lease)
        again = threading.Timer(GRACE, self._insist, (lease,))
        again.daemon = True
        again.start()

    def _throw(self, lease: Lease) -> None:
        if self._is_main:
            self._asked = lease
            signal.pthread_kill(self._thread, INTERRUPT)
        else:
            raise_in(self._thread, JobStopped)

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        lease, self._asked = self._asked, None
        if lease is None or lease is not self._lease:
            return
        # It may have become a coroutine since then.
        if self._tries > 1 or not self._cancel():
            raise JobStopped(STOPPED)
