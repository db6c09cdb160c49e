"""A work horse: the child process in which user code runs.

It holds no connection to the server. It receives jobs from the supervisor, reports each
before it receives the next, and ends when the supervisor closes its end, or dies.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has no stub of it
import os
import signal
import sys
import traceback
from collections.abc import Callable
from time import perf_counter_ns
from types import CoroutineType, FrameType
from typing import TYPE_CHECKING, Any

from workhorse.ops.reports import Report
from workhorse.worker.execution import Kit, Run, prepare
from workhorse.worker.handoff import LOST_TOUCH, Voice, read_job
from workhorse.worker.hooks import conclude, execute
from workhorse.worker.kernel import die_with_parent
from workhorse.worker.parcels import End, receive
from workhorse.worker.surroundings import Surroundings
from workhorse.worker.timeouts import begin, forget, over

if TYPE_CHECKING:
    from workhorse.worker.concurrent import Concurrent


def horse(  # noqa: PLR0913 - all that a horse is given for its life
    jobs: End,
    reports: End,
    kit: Kit,
    *,
    parent: int,
    once: bool,
    drill: Callable[[], None] = lambda: None,
    place: Callable[[int], None] = lambda _mark: None,
) -> None:
    """Run jobs until there are no more, and end the process; does not return.

    Args:
        jobs: Where jobs come from.
        reports: Where reports go.
        kit: What runs need.
        parent: The stable; the horse dies with it.
        once: Whether to end after one job.
        drill: What it does then while it waits for that.
        place: Writes whose step this horse is at, if it runs several jobs at a time.
    """
    status = 1
    try:
        os.setsid()
        die_with_parent(parent)
        # The plain C functions: what `signal` makes of it touches thirty pages, each to be copied.
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        forget()
        voice = Voice(reports, kit.seen)
        if once:
            drill()
            _serve_one(jobs, voice, kit)
        else:
            Warm(jobs, voice, kit, place).serve()
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        # The supervisor is gone: nobody is left to report to.
        status = 0
    except OSError:
        status = LOST_TOUCH
    except BaseException:  # noqa: BLE001 - the last stop before os._exit
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _serve_one(jobs: End, voice: Voice, kit: Kit) -> None:
    parcel = receive(jobs)
    if parcel is not None:
        job = read_job(*parcel)
        voice.report(job.id, execute(job, kit, voice.note))


class Warm:
    """Runs job after job in the main thread, and coroutines together."""

    def __init__(self, jobs: End, voice: Voice, kit: Kit, place: Callable[[int], None]) -> None:
        self._jobs = jobs
        self._voice = voice
        self._kit = kit
        self._place = place
        self._surroundings = Surroundings()
        self._concurrent: Concurrent | None = None

    def serve(self) -> None:
        """Run jobs until there are no more."""
        jobs, kit = self._jobs, self._kit
        if kit.threads:
            self._together(None)
        while (parcel := receive(jobs)) is not None:
            job = read_job(*parcel)
            run: Run | Report | None = prepare(job, kit)
            while isinstance(run, Run):
                run = self._together(run) if kit.is_coroutine(run) else self._alone(run)
            if run is not None:
                self._voice.report(job.id, run)
            if self._concurrent is not None and not self._concurrent.open:
                return

    def _alone(self, run: Run) -> Run | None:
        """Run one job here to its end; what is to run next if it turns out to be a coroutine."""
        run.began = perf_counter_ns()
        try:
            begin(run.seconds)
            value = run.call()
            over()
            report = None if type(value) is CoroutineType else run.ended(value)
        except BaseException as error:  # noqa: BLE001 - what user code raises is the job's failure
            over()
            report = run.failed(error)
        if report is None:
            self._kit.learn_coroutine(run)
            return self._together(run, value)
        if run.hooked:
            report = conclude(run, report, self._voice.note)
        self._surroundings.restore()
        self._voice.report(run.job.id, report)
        return None

    def _together(
        self, run: Run | None, work: CoroutineType[Any, Any, Any] | None = None
    ) -> Run | None:
        """Run it beside others until none is left; what is to run alone after that."""
        if self._concurrent is None:
            from workhorse.worker.concurrent import Concurrent  # noqa: PLC0415 - see its docstring

            self._kit.seen.add(Concurrent.__module__)
            self._concurrent = Concurrent(self._jobs, self._voice, self._kit, self._place)
        after = self._concurrent.serve(run, work)
        self._surroundings.restore()
        return after


def take_signals(stable: int) -> None:
    """Leave INT and TERM to the supervisor: in the stable, so that its horses need not do it.

    A terminal sends INT to the whole group, an init system TERM to all processes: the horse
    must finish its job nevertheless. A handler instead of SIG_IGN, because programs that the
    job starts would inherit that; a forked child of the job obeys as usual.

    Args:
        stable: The process to which this holds, and its children.
    """

    def ignore(number: int, _frame: FrameType | None) -> None:
        if stable not in (os.getpid(), os.getppid()):
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, ignore)
    signal.signal(signal.SIGTERM, ignore)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
