"""Many jobs at a time in one horse: coroutines on an event loop, and functions on threads.

Imported by the first coroutine: asyncio and threads are what other horses can do without.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextvars import copy_context
from inspect import CORO_CREATED, getcoroutinestate
from types import FrameType
from typing import Final, ParamSpec, cast

from workhorse.current import running
from workhorse.exceptions import JobStopped, JobTimeoutException
from workhorse.ops.reports import Report
from workhorse.worker.coroutines import loop_factory
from workhorse.worker.deadlines import Deadlines
from workhorse.worker.execution import Kit, Run, prepare
from workhorse.worker.handoff import HandedJob, Voice, read_job
from workhorse.worker.hooks import after, words_of
from workhorse.worker.kernel import INTERRUPT
from workhorse.worker.marks import ALONE, NOBODY, mark_of
from workhorse.worker.parcels import NO_WAIT, End, receive
from workhorse.worker.steps import Steps, Work
from workhorse.worker.threads import Outcome, Threads
from workhorse.worker.timeouts import GRACE, STOPPED, forget, says

P = ParamSpec("P")
MANY_EARLY: Final = 1000
"""How many of the jobs that are to end and are not known are remembered."""


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

    def __init__(self, jobs: End, voice: Voice, kit: Kit, place: Callable[[int], None]) -> None:
        self._jobs = jobs
        self._voice = voice
        self._kit = kit
        self._place = place
        self._pid = os.getpid()
        self._context = copy_context()
        self._loop = loop_factory()()
        self._threads = Threads(self._loop, kit.concurrency if kit.threads else 1, self._returned)
        self._deadlines: Deadlines[Run] = Deadlines(self._loop, self._expire)
        # What runs: its task, or None on a thread.
        self._running: dict[Run, asyncio.Task[None] | None] = {}
        self._steps = Steps(place, self._running.keys(), self._tell_blocked)
        self._loop.set_task_factory(self._steps.task)
        self._untold: list[Run] = []
        self._to_start: list[Run] = []
        self._known: set[bytes] = set()
        # What is to end and is not known here: it has ended, or it is about to come.
        self._early: set[tuple[str, str]] = set()
        self._listening = False
        self._next: Run | None = None
        self._lost: OSError | None = None
        self.open = True
        signal.signal(INTERRUPT, self._asked)

    def serve(self, first: Run | None = None, work: Work | None = None) -> Run | None:
        """Run jobs until none is left, or one is next that wants to be alone: that one.

        Args:
            first: What to begin with.
            work: The coroutine that calling it has made already.
        """
        self._next = None
        self._loop.call_soon(self._enter, first, work)
        self._steps.enter()
        try:
            self._turn()
        except BaseException:
            self._place(NOBODY)
            raise
        finally:
            self._steps.leave()
            forget()
        self._listen(wanted=False)
        # A loop may have made it non-blocking, as uvloop does with all that it watches.
        os.set_blocking(self._jobs.fileno(), True)
        self._place(ALONE)
        return self._next

    def _turn(self) -> None:
        while True:
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # A task that a job has started wants the process to end. The job is told of it as
                # of any exception; the others have nothing to do with it.
                self._loop.call_soon(self._receive)
            if self._lost is not None:
                raise self._lost
            if self._next is not None or not (self.open or self._running):
                return
            # Else a job has stopped the loop, which is not its own.

    # Jobs come

    def _enter(self, first: Run | None, work: Work | None) -> None:
        if first is not None:
            self._begin(first, work)
        self._receive()

    def _receive(self) -> None:
        """Take jobs while there are any, and places for them."""
        while self.open and self._next is None and len(self._running) < self._kit.concurrency:
            try:
                parcel = receive(self._jobs, NO_WAIT)
            except BlockingIOError:
                self._listen(wanted=True)
                break
            self.open = parcel is not None
            if parcel is not None:
                self._take(read_job(*parcel))
        else:
            self._listen(wanted=False)
        if self._to_start:
            self._start_threads()
        if not self.open and not self._running:
            self._loop.stop()

    def _listen(self, *, wanted: bool) -> None:
        if wanted and not self._listening:
            self._loop.add_reader(self._jobs.fileno(), self._receive)
        elif self._listening and not wanted:
            self._loop.remove_reader(self._jobs.fileno())
        self._listening = wanted

    def _take(self, job: HandedJob) -> None:
        name = job.fields.get(b"func", b"")
        if name in self._known:
            run = prepare(job, self._kit)
        else:
            # Its module is imported, in which anything may happen.
            self._known.add(name)
            self._place(mark_of(job.id))
            run = prepare(job, self._kit)
            self._place(NOBODY)
        if self._early and (job.id, job.token) in self._early:
            run = Report("failed")
        if isinstance(run, Report):
            self._say(self._voice.report, job.id, run, "thread")
        elif self._kit.is_coroutine(run):
            self._begin(run)
        elif not self._kit.threads and not self._running and self._is_quiet():
            self._next = run
            self._loop.stop()
        elif self._threads.free() <= len(self._to_start):
            self._say(self._voice.note, "not now", job.id)
        else:
            self._running[run] = None
            self._to_start.append(run)

    def _is_quiet(self) -> bool:
        """Whether there are no tasks but the one, perhaps, that has just ended a run."""
        return asyncio.all_tasks(self._loop) <= {asyncio.current_task(self._loop)}

    # Jobs run

    def _begin(self, run: Run, work: Work | None = None) -> None:
        # Whoever called this may be a job, and so not its context but the one of no job.
        context = run.context = run.context or self._context.copy()
        context.run(running.set, run.handle)
        live = self._live(run, work)
        self._enlist(run, asyncio.Task(live, loop=self._loop, context=context))
        self._steps.watch()

    def _start_threads(self) -> None:
        # Told before they begin: one that begins may keep all others from Python for ever.
        self._say(self._voice.note, "threaded", *(run.job.id for run in self._to_start))
        for run in self._to_start:
            self._deadlines.add(run, run.seconds)
            self._threads.start(run)
        self._to_start.clear()

    def _enlist(self, run: Run, task: asyncio.Task[None]) -> None:
        self._running[run] = task
        self._deadlines.add(run, run.seconds)
        if run.way == "thread":
            return  # it has been told of the job that this is a callback of
        if not self._untold:
            # In the turn after the next, when each has made its first step: what has ended by
            # then need not be told.
            self._loop.call_soon(self._loop.call_soon, self._tell)
        self._untold.append(run)

    def _tell(self) -> None:
        """Say what has begun and not ended at once."""
        alive = [run.job.id for run in self._untold if run in self._running]
        self._untold.clear()
        if alive:
            self._say(self._voice.note, "begun", *alive)

    def _say(self, say: Callable[P, None], *words: P.args, **options: P.kwargs) -> None:
        """Speak to the supervisor; it may be gone, or a job has closed what was not its own."""
        try:
            say(*words, **options)
        except OSError as error:
            self._lost = error
            self._loop.stop()

    async def _live(self, run: Run, work: Work | None) -> None:
        try:
            report = run.ended(await self._steps.of(run, work or run.here()))
        except BaseException as error:  # noqa: BLE001 - what user code raises is the job's failure
            report = self._failed(run, error)
        self._end(run, report)

    def _returned(self, run: Run, outcome: Outcome) -> None:
        """A thread is done with a run; what it has made may be a coroutine."""
        if isinstance(outcome, Report):
            self._end(run, outcome)
        else:
            self._kit.learn_coroutine(run)
            self._deadlines.remove(run, run.seconds)
            self._steps.expired.discard(run)
            self._begin(run, outcome)

    def _failed(self, run: Run, error: BaseException) -> Report:
        trace = error.__traceback__
        if isinstance(error, asyncio.CancelledError) and run in self._steps.stopped:
            error = JobStopped(STOPPED).with_traceback(trace)
        elif isinstance(error, asyncio.CancelledError) and run in self._steps.expired:
            error = JobTimeoutException(says(run.seconds)).with_traceback(trace)
        return run.failed(error)

    def _end(self, run: Run, report: Report) -> None:
        if os.getpid() != self._pid:
            os._exit(0)  # a fork that the job made and forgot
        task = self._running.pop(run)
        self._deadlines.remove(run, run.seconds)
        self._steps.expired.discard(run)
        self._steps.stopped.discard(run)
        way = run.way = run.way or ("thread" if task is None else "coroutine")
        then = after(run, report)
        if isinstance(then, Run):
            self._follow(then, way)
            return
        self._say(self._voice.report, run.job.id, then, way)
        if not self._listening or not self.open:
            self._receive()

    def _follow(self, run: Run, way: str) -> None:
        """Run a callback of a job that has ended."""
        run.way = way
        self._say(self._voice.note, "calling", *words_of(run))
        if self._kit.is_coroutine(run):
            self._begin(run)
            return
        # Not in the loop, which others wait for; there is a thread for each that ran.
        self._running[run] = None
        self._to_start.append(run)
        self._start_threads()

    # Time

    def _expire(self, run: Run) -> None:
        task = self._running[run]
        if task is not None and getcoroutinestate(cast("Work", task.get_coro())) == CORO_CREATED:
            # It has waited for others. Cancelled now, it could not even say how it ended.
            self._deadlines.add(run, run.seconds)
            return
        self._steps.expired.add(run)
        if task is None:
            self._threads.interrupt(run)
        else:
            task.cancel()
            self._loop.call_later(GRACE / 2, self._complain, run)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        """Somebody wants jobs to end. This may come in the middle of anything, or between."""
        asked = set(self._voice.asked())
        runs = [run for run in self._running if (run.job.id, run.job.token) in asked]
        self._steps.stopped.update(runs)
        if len(self._early) > MANY_EARLY:
            self._early.clear()
        self._early |= asked.difference((run.job.id, run.job.token) for run in runs)
        for run in runs:
            self._loop.call_soon_threadsafe(self._stop, run)

    def _stop(self, run: Run) -> None:
        if run not in self._running:
            return
        task = self._running[run]
        if task is None:
            self._threads.interrupt(run, JobStopped)
        elif getcoroutinestate(cast("Work", task.get_coro())) == CORO_CREATED:
            self._loop.call_soon(self._stop, run)  # as in `_expire`
        else:
            task.cancel()
            self._loop.call_later(GRACE / 2, self._complain, run)

    def _complain(self, run: Run) -> None:
        late = run in self._steps.expired or run in self._steps.stopped
        if run in self._running and late:
            self._voice.note("stubborn", run.job.id)

    def _tell_blocked(self, run: Run, where: str) -> None:
        self._voice.note("blocked", run.job.id, where)
