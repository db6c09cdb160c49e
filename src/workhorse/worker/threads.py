"""Threads that run functions for an event loop."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from queue import SimpleQueue
from types import CoroutineType
from typing import Any

from workhorse.exceptions import JobStopped, JobTimeoutException
from workhorse.ops.reports import Report
from workhorse.worker.execution import Run
from workhorse.worker.timeouts import STOPPED, says

Outcome = Report | Coroutine[Any, Any, Any]
"""The report on a run, or the coroutine that calling its function has made."""


class Threads:
    """Up to so many threads, started when they are needed first.

    Args:
        loop: Where `done` is called.
        most: How many.
        done: Called with each run and what came of it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, most: int, done: Callable[[Run, Outcome], None]
    ) -> None:
        self._loop = loop
        self._most = most
        self._done = done
        self._pid = os.getpid()
        self._context = copy_context()
        self._inbox: SimpleQueue[Run] = SimpleQueue()
        self._outbox: deque[tuple[Run, Outcome]] = deque()
        self._called = False
        self._lock = threading.Lock()
        self._at: dict[Run, int] = {}
        self._interrupted: set[Run] = set()
        self._started = 0
        self._busy = 0

    def free(self) -> int:
        """How many threads have no work."""
        return self._most - self._busy

    def start(self, run: Run) -> None:
        """Have a thread run it."""
        self._busy += 1
        self._inbox.put(run)
        if self._busy > self._started:
            self._started += 1
            threading.Thread(target=self._work, name="workhorse-job", daemon=True).start()

    def interrupt(self, run: Run, kind: type[BaseException] = JobTimeoutException) -> None:
        """Raise an exception in a run, as soon as its thread is in Python code."""
        with self._lock:
            thread = self._at.get(run)
            if thread is not None:
                self._interrupted.add(run)
                raise_in(thread, kind)

    def _work(self) -> None:
        while True:
            run = self._inbox.get()
            self._outbox.append((run, self._outcome(run)))
            if os.getpid() != self._pid:
                os._exit(0)  # a fork that the job made and forgot
            if not self._called:
                self._called = True
                self._loop.call_soon_threadsafe(self._collect)

    def _outcome(self, run: Run) -> Outcome:
        outcome: Outcome | None = None
        try:
            self._at[run] = threading.get_ident()
            try:
                # What one job leaves in context variables the next does not see.
                run.context = run.context or self._context.copy()
                outcome = run.context.run(_call, run)
            finally:
                with self._lock:
                    self._at.pop(run, None)
                # An exception that was sent before that arrives in here, and not later.
                for _ in range(100 if run in self._interrupted else 0):
                    pass
        except (JobTimeoutException, JobStopped) as error:
            outcome = outcome or run.failed(_told(error, run))
        self._interrupted.discard(run)
        return outcome

    def _collect(self) -> None:
        self._called = False
        while self._outbox:
            run, outcome = self._outbox.popleft()
            self._busy -= 1
            self._done(run, outcome)


def _call(run: Run) -> Outcome:
    try:
        value = run.here()
        return value if type(value) is CoroutineType else run.ended(value)
    except BaseException as error:  # noqa: BLE001 - what user code raises is the job's failure
        return run.failed(_told(error, run))


def _told(error: BaseException, run: Run) -> BaseException:
    """An error as it came; one that was sent to a thread could not bring its text with it."""
    if type(error) is JobTimeoutException and not error.args:
        error.args = (says(run.seconds),)
    if type(error) is JobStopped and not error.args:
        error.args = (STOPPED,)
    return error


def raise_in(thread: int, kind: type[BaseException]) -> None:
    """Raise an exception in another thread, as soon as that is in Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))
