"""Many jobs at a time in one horse: coroutines on an event loop, and functions on threads.

Imported by the first coroutine: asyncio and threads are what other horses can do without.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from time import perf_counter_ns
from types import FrameType, coroutine
from typing import Any, Final

from workhorse.current import running
from workhorse.exceptions import JobTimeoutException
from workhorse.ops.reports import Report
from workhorse.worker.coroutines import loop_factory
from workhorse.worker.deadlines import Deadlines
from workhorse.worker.execution import Kit, Run, prepare
from workhorse.worker.handoff import RECEIVE, Assembler, Voice, read_job
from workhorse.worker.marks import ALONE, NOBODY, mark_of
from workhorse.worker.threads import Outcome, Threads
from workhorse.worker.timeouts import GRACE, forget, says

WATCH: Final = 0.25
"""How often a horse looks whether a coroutine holds up the others, seconds."""
LINGER: Final = 1.0
"""How long a horse stays in its loop when nothing runs there, seconds: to enter it is not free."""

Work = Coroutine[Any, Any, Any]


class Concurrent:
    """The jobs that run in this horse together.

    Args:
        jobs: Where jobs come from.
        voice: Speaks to the supervisor.
        kit: What runs need; its `concurrency` says how many, its `threads` whether functions
            are among them.
        place: Writes whose step this horse is at.

    Attributes:
        open: Whether the supervisor may send more.
    """

    def __init__(
        self, jobs: socket.socket, voice: Voice, kit: Kit, place: Callable[[int], None]
    ) -> None:
        self._jobs = jobs
        self._voice = voice
        self._kit = kit
        self._place = place
        self._pid = os.getpid()
        self._loop = loop_factory()()
        self._threads = Threads(self._loop, kit.concurrency if kit.threads else 1, self._returned)
        self._deadlines: Deadlines[Run] = Deadlines(self._loop, self._expire)
        self._assembler = Assembler(limit=2**40)
        # What runs: its task, or None on a thread.
        self._running: dict[Run, asyncio.Task[None] | None] = {}
        self._untold: list[Run] = []
        self._expired: set[Run] = set()
        self._listening = False
        self._leaving: asyncio.TimerHandle | None = None
        self._next: Run | None = None
        self._step: Run | None = None
        self._steps = 0
        self._seen: tuple[Run | None, int] = (None, 0)
        self._blocking: Run | None = None
        self._watching = False
        self.open = True

    def serve(self, first: Run | None = None, work: Work | None = None) -> Run | None:
        """Run jobs until none is left, or one is next that wants to be alone: that one.

        Args:
            first: What to begin with.
            work: The coroutine that calling it has made already.
        """
        self._next = None
        self._loop.call_soon(self._enter, first, work)
        before = signal.signal(signal.SIGALRM, self._watch)
        self._place(NOBODY)
        try:
            self._loop.run_forever()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            forget()
            self._watching = False
            self._listen(wanted=False)
            self._place(ALONE)
        return self._next

    # Jobs come

    def _enter(self, first: Run | None, work: Work | None) -> None:
        if first is not None:
            self._begin(first, work)
        self._receive()

    def _receive(self) -> None:
        """Take jobs while there are any, and places for them."""
        while self.open and self._next is None and len(self._running) < self._kit.concurrency:
            try:
                piece = self._jobs.recv(RECEIVE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._listen(wanted=True)
                break
            self.open = bool(piece)
            message = self._assembler.add(piece) if piece else None
            if message is not None:
                self._take(message)
        else:
            self._listen(wanted=False)
        self._rest_if_idle()

    def _listen(self, *, wanted: bool) -> None:
        if wanted and not self._listening:
            self._loop.add_reader(self._jobs.fileno(), self._receive)
        elif self._listening and not wanted:
            self._loop.remove_reader(self._jobs.fileno())
        self._listening = wanted

    def _take(self, message: bytes) -> None:
        job = read_job(message)
        run = prepare(job, self._kit)
        if isinstance(run, Report):
            self._voice.report(job.id, run, "thread")
        elif self._kit.is_coroutine(run):
            self._begin(run)
        elif not self._kit.threads and not self._running and not asyncio.all_tasks(self._loop):
            self._next = run
            self._loop.stop()
        elif self._threads.full():
            self._voice.note("not now", job.id)
        else:
            self._begin_on_thread(run)

    def _rest_if_idle(self) -> None:
        if self._running or self._next is not None:
            return
        if not self.open:
            self._loop.stop()
        elif self._leaving is None and not self._kit.threads:
            self._leaving = self._loop.call_later(LINGER, self._leave)

    def _leave(self) -> None:
        self._leaving = None
        if self._running or self._next is not None:
            return
        if asyncio.all_tasks(self._loop):
            # What jobs have left running, such as the reader of a connection, lives on meanwhile.
            self._rest_if_idle()
        else:
            self._loop.stop()

    # Jobs run

    def _begin(self, run: Run, work: Work | None = None) -> None:
        context = copy_context()
        context.run(running.set, run.handle)
        task = self._loop.create_task(self._live(run, work), context=context)
        self._enlist(run, task)
        if not self._watching:
            self._watching = True
            signal.setitimer(signal.ITIMER_REAL, WATCH, WATCH)

    def _begin_on_thread(self, run: Run) -> None:
        self._enlist(run, None)
        self._threads.start(run)

    def _enlist(self, run: Run, task: asyncio.Task[None] | None) -> None:
        self._running[run] = task
        self._deadlines.add(run, run.seconds)
        if not self._untold:
            # After the first step of each: what has ended by then need not be told.
            self._loop.call_soon(self._tell)
        self._untold.append(run)

    def _tell(self) -> None:
        """Say what has begun and not ended at once."""
        alive = [run for run in self._untold if run in self._running]
        self._untold.clear()
        for kind, threaded in (("begun", False), ("threaded", True)):
            ids = [run.job.id for run in alive if (self._running[run] is None) == threaded]
            if ids:
                self._voice.note(kind, *ids)

    async def _live(self, run: Run, work: Work | None) -> None:
        try:
            report = run.ended(await self._steps_of(run, work or run.call()))
        except BaseException as error:  # noqa: BLE001 - what user code raises is the job's failure
            report = self._failed(run, error)
        self._end(run, report)

    @coroutine
    def _steps_of(self, run: Run, work: Work) -> Generator[Any, Any, Any]:
        """All steps of a coroutine, each under its mark."""
        place, mark = self._place, mark_of(run.job.id)
        resume: Callable[[Any], Any] = work.send
        value: Any = None
        while True:
            self._step = run
            place(mark)
            try:
                awaited = resume(value)
            except StopIteration as end:
                return end.value
            finally:
                place(NOBODY)
                self._step = None
                self._steps += 1
            try:
                value = yield awaited
                resume = work.send
            except BaseException as error:  # noqa: BLE001 - it is passed on to where it belongs
                value, resume = error, work.throw

    def _returned(self, run: Run, outcome: Outcome) -> None:
        """A thread is done with a run; what it has made may be a coroutine."""
        if isinstance(outcome, Report):
            self._end(run, outcome)
        else:
            self._kit.learn_coroutine(run)
            self._deadlines.remove(run, run.seconds)
            self._begin(run, outcome)

    def _failed(self, run: Run, error: BaseException) -> Report:
        if isinstance(error, asyncio.CancelledError) and run in self._expired:
            error = JobTimeoutException(says(run.seconds)).with_traceback(error.__traceback__)
        return run.failed(error)

    def _end(self, run: Run, report: Report) -> None:
        if os.getpid() != self._pid:
            os._exit(0)  # a fork that the job made and forgot
        task = self._running.pop(run)
        self._deadlines.remove(run, run.seconds)
        self._expired.discard(run)
        self._voice.report(run.job.id, report, "thread" if task is None else "coroutine")
        if self._listening:
            self._rest_if_idle()
        else:
            self._receive()

    # Time

    def _expire(self, run: Run) -> None:
        self._expired.add(run)
        task = self._running[run]
        if task is None:
            self._threads.interrupt(run)
        else:
            task.cancel()
            self._loop.call_later(GRACE / 2, self._complain, run)

    def _complain(self, run: Run) -> None:
        if run in self._running and run in self._expired:
            self._voice.note("stubborn", run.job.id)

    def _watch(self, _number: int, frame: FrameType | None) -> None:
        """The alarm rings: is this the same step of the same job as last time?"""
        if not self._running:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._watching = False
        run, before = self._step, self._seen
        self._seen = (run, self._steps)
        if run is None or before != self._seen:
            return
        if self._blocking is not run:
            self._blocking = run
            self._voice.note("blocked", run.job.id, _where(frame))
        if 0 <= run.seconds <= (perf_counter_ns() - run.began) / 1e9 and run not in self._expired:
            self._expired.add(run)
            raise JobTimeoutException(says(run.seconds))


def _where(frame: FrameType | None) -> str:
    """The place in a job's own code that a frame was called from; of several, the innermost."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - in a signal handler, the less the better
    inner = frame
    while frame is not None and frame.f_code.co_filename.startswith((library, "<")):
        frame = frame.f_back
    found = frame or inner
    return f"{found.f_code.co_filename}:{found.f_lineno}" if found is not None else "?"
