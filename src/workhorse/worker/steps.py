"""Whose step an event loop is at: marked before each, and watched by an alarm."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Collection, Coroutine, Generator
from time import perf_counter_ns
from types import CoroutineType, FrameType, TracebackType, coroutine
from typing import Any, Final

from workhorse.current import running
from workhorse.exceptions import JobStopped, JobTimeoutException
from workhorse.worker.execution import Run
from workhorse.worker.marks import NOBODY, mark_of
from workhorse.worker.timeouts import STOPPED, says

WATCH: Final = 0.25
"""How often a horse looks whether a coroutine holds up the others, seconds."""

Work = Coroutine[Any, Any, Any]


class Steps:
    """The steps of a horse's coroutines.

    A fork that a job makes and forgets ends with the step in which it was made: it has the loop
    with all jobs in it, and must not run them.

    Args:
        place: Writes whose step this horse is at.
        alive: What runs.
        blocked: Called once with each run that holds up the others, and the line it is at.

    Attributes:
        expired: Runs whose time is up.
        stopped: Runs that somebody stops.
    """

    def __init__(
        self,
        place: Callable[[int], None],
        alive: Collection[Run],
        blocked: Callable[[Run, str], None],
    ) -> None:
        self._place = place
        self._alive = alive
        self._blocked = blocked
        self._told: set[Run] = set()
        self._run: Run | None = None
        self._count = 0
        self._seen: tuple[Run | None, int] = (None, 0)
        self._watching = False
        self._before: Any = None
        self.expired: set[Run] = set()
        self.stopped: set[Run] = set()
        self._thrown: set[Run] = set()
        os.register_at_fork(after_in_child=self._end_fork)

    @coroutine
    def of(self, run: Run, work: Work) -> Generator[Any, Any, Any]:
        """All steps of a run's coroutine, each under its mark."""
        mark = mark_of(run.job.id)
        resume: Callable[[Any], Any] = work.send
        value: Any = None
        while True:
            self._run = run
            self._place(mark)
            try:
                awaited = resume(value)
            except StopIteration as end:
                return end.value
            finally:
                self._run = None
                self._count += 1
                self._place(NOBODY)
            try:
                value = yield awaited
                resume = work.send
            except BaseException as error:  # noqa: BLE001 - it is passed on to where it belongs
                value, resume = error, work.throw

    def one(self, run: Run, resume: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401 - a step's
        """One step of a task that a run has started."""
        if run not in self._alive:
            return resume(*given)
        before, self._run = self._run, run
        self._place(mark_of(run.job.id))
        try:
            return resume(*given)
        finally:
            self._run = before
            self._count += 1
            self._place(NOBODY)

    def task(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Any,  # noqa: ANN401 - whatever asyncio is given
        **options: Any,  # noqa: ANN401 - asyncio's
    ) -> asyncio.Task[Any]:
        """Make a task for what user code starts: while its job runs, its steps are the job's."""
        run = getattr(running.get(), "__self__", None)
        if isinstance(run, Run) and run in self._alive and type(work) is CoroutineType:
            work = Branch(self, run, work)
        return asyncio.Task(work, loop=loop, **options)

    # The alarm

    def enter(self) -> None:
        """The loop is about to turn."""
        self._before = signal.signal(signal.SIGALRM, self._watch)
        self._place(NOBODY)

    def leave(self) -> None:
        """The loop turns no more."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        self._watching = False

    def watch(self) -> None:
        """Something runs that may hold up others."""
        if not self._watching:
            self._watching = True
            signal.setitimer(signal.ITIMER_REAL, WATCH, WATCH)

    def _watch(self, _number: int, frame: FrameType | None) -> None:
        """The alarm rings: is this the same step of the same job as last time?"""
        if not self._alive:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._watching = False
            self._told.clear()
            self._thrown.clear()
        run, before = self._run, self._seen
        self._seen = (run, self._count)
        if run is None or before != self._seen or run not in self._alive:
            return
        if run not in self._told:
            self._told.add(run)
            self._blocked(run, where(frame))
        if run in self.stopped and run not in self._thrown:
            self._thrown.add(run)
            raise JobStopped(STOPPED)
        if 0 <= run.seconds <= (perf_counter_ns() - run.began) / 1e9 and run not in self.expired:
            self.expired.add(run)
            raise JobTimeoutException(says(run.seconds))

    def _end_fork(self) -> None:
        self._place = _leave_process


class Branch(Work):
    """The coroutine of a task that a job has started: like that, but marked."""

    __slots__ = ("_run", "_steps", "_work")

    def __init__(self, steps: Steps, run: Run, work: Work) -> None:
        self._steps = steps
        self._run = run
        self._work = work

    def send(self, value: Any) -> Any:  # noqa: ANN401 - a coroutine's
        """Take a step."""
        return self._steps.one(self._run, self._work.send, value)

    def throw(
        self,
        kind: Any,  # noqa: ANN401 - an exception, or its class
        error: object = None,
        trace: TracebackType | None = None,
    ) -> Any:  # noqa: ANN401 - as above
        """Take a step that begins with an exception."""
        given = (kind,) if error is None and trace is None else (kind, error, trace)
        return self._steps.one(self._run, self._work.throw, *given)

    def close(self) -> None:
        """End it."""
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._work.__await__()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what it is like
        return getattr(self._work, name)


def where(frame: FrameType | None) -> str:
    """The place in a job's own code that a frame was called from; of several, the innermost."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - in a signal handler, the less the better
    inner = frame
    while frame is not None and frame.f_code.co_filename.startswith((library, "<")):
        frame = frame.f_back
    found = frame or inner
    return f"{found.f_code.co_filename}:{found.f_lineno}" if found is not None else "?"


def _leave_process(_mark: int) -> None:
    os._exit(0)
