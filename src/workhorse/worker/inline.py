"""The inline worker: jobs run in the worker's own process, one after the other.

No isolation: a job that crashes takes the worker along, and its lease and those of
its batch come back. A thread with a connection of its own keeps the leases alive.
"""

from __future__ import annotations

import logging
import random
import signal
import sys
import threading
import time
from functools import partial
from types import FrameType

from workhorse.callables.importing import resolve
from workhorse.connection import Connection
from workhorse.drivers import encode, run
from workhorse.effects import Flow, Word, command
from workhorse.exceptions import DuplicateWorkerError, ServerError
from workhorse.links.blocking import Link
from workhorse.ops import workers
from workhorse.ops.claim import Exchanged, Terms
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.ops.settle import Outcome, kept_only, release, settle
from workhorse.ops.workers import Identity
from workhorse.states import WorkerStatus
from workhorse.worker import identity
from workhorse.worker.commands import Execution
from workhorse.worker.cron import due_in, fire_all, fire_due
from workhorse.worker.exchanges import Pending, opened
from workhorse.worker.execution import Run, prepare
from workhorse.worker.handoff import HandedJob
from workhorse.worker.heartbeat import FAREWELL, birth_facts
from workhorse.worker.hooks import conclude
from workhorse.worker.inbox import Alarm
from workhorse.worker.interventions import Bench, Interventions
from workhorse.worker.orders import Orders
from workhorse.worker.pacing import MOST_AHEAD, Pace
from workhorse.worker.settings import Settings
from workhorse.worker.stable import kit_for
from workhorse.worker.stage import Stage
from workhorse.worker.straight import Straight
from workhorse.worker.tally import Tally

log = logging.getLogger("workhorse.worker")

BATCH_TIME = 0.010
"""How long outcomes of quick jobs are gathered before they are settled, seconds."""
BLOCK = 5
"""How long an idle worker blocks on its bells at a time, seconds."""


class _Woken(BaseException):
    """A signal ended a rest."""


class InlineWorker:
    """One worker without horses."""

    def __init__(self, connection: Connection, settings: Settings, orders: Orders) -> None:
        self._connection = connection
        self._settings = settings
        self._terms = Terms(settings.name, settings.lease_ms, settings.max_crashes)
        self._kit = kit_for(orders)
        sys.path[:0] = [folder for folder in orders.path if folder not in sys.path]
        self._pace = Pace()
        self._tally = Tally(descriptions=settings.log_descriptions)
        self._number = time.time_ns() // 1000
        self._queues = list(settings.queues)
        self._bench = Bench()
        self._stage = Stage(self._kit.cancel)
        self._outcomes: list[Outcome] = []
        self._in_flight = False
        self._claimed = 0
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._interrupted = False
        self._resting = False
        self._straight = Straight(connection, self._terms, self._stopping)
        self._me = identity.identity(settings.name)
        self._alarm = Alarm()
        hands = Interventions(connection, self._me, self._terms, self._bench, self._stage)
        self._desk = hands.desk_of(self._shut_down, self._unsettled)
        self._interventions = hands
        self._worked_at = time.monotonic()

    def run(self) -> bool:
        """Work until there is a reason to stop; whether any job was run.

        Raises:
            NotImportable: There is no such handler.
        """
        for name in self._settings.needed:
            resolve(name)
        before = self._obey_signals()
        try:
            return self._live()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _live(self) -> bool:
        run(self._connection, self._born())
        beat = threading.Thread(target=self._beat, name="workhorse-heartbeat", daemon=True)
        beat.start()
        self._interventions.start()
        queues = ", ".join(self._settings.queues)
        log.info("worker %s listens on %s (inline)", self._settings.name, queues)
        try:
            with self._stage:
                self._work()
        except KeyboardInterrupt:
            if not self._interrupted:
                raise
            # Between two jobs; those that it had, and what came of some, the server misses soon.
            log.warning("stopping at once, while the server is away")
        finally:
            self._over.set()
            self._interventions.close()
            self._take_leave(beat)
            self._straight.close()
            self._alarm.close()
            self._tally.sum_up()
            log.info("worker %s has stopped", self._settings.name)
        return self._tally.successful + self._tally.failed > 0

    def _work(self) -> None:
        while True:
            want = self._want()
            if self._bench and not self._outcomes and not want:
                # The other half runs while the server works on what has come of this one.
                self._run_some(most=(len(self._bench) + 1) // 2)
                continue
            pending = self._prepare(want)
            if self._stopping.is_set() and not self._bench and not pending.outcomes:
                self._nothing_left()
                return
            self._straight.send(pending)
            # What is held runs while the server works on what has run, and finds more. But who
            # waits to hear how a job has ended need not wait for the end of the next.
            if not (self._desk.waits and pending.outcomes):
                self._run_some()
            got = self._straight.receive(pending)
            self._settled(pending, got)
            if names := due_in(got.news):
                self._fire(fire_all(self._connection.keys, names))
            elif not self._bench and not self._outcomes:
                if self._is_done(got):
                    return
                if not got.left:
                    self._rest(got.next_due)

    def _settled(self, pending: Pending, got: Exchanged) -> None:
        self._bench.seat(got.jobs)
        self._claimed += len(got.jobs)
        for lease in got.jobs:  # some may have been stopped on their way here
            outcome = self._desk.stopped(lease)
            if outcome is not None and self._bench.withdraw(lease.id, lease.token) is not None:
                self._outcomes.append(outcome)
        self._desk.settled(pending.outcomes, got.refused)
        self._nothing_left()

    def _nothing_left(self) -> None:
        self._in_flight = False
        self._desk.settled((), ())  # what is in nobody's hands now is lost

    def _unsettled(self) -> set[Execution] | None:
        # Asked by another thread: what moves meanwhile must be in one of the two places.
        outcomes = list(self._outcomes)
        return None if self._in_flight else {(one.job_id, one.token) for one in outcomes}

    def _run_some(self, most: int = MOST_AHEAD) -> None:
        """Run jobs until they have taken `BATCH_TIME`; so many of them, or all, or a stop."""
        if not self._bench:
            return
        until = time.monotonic() + BATCH_TIME
        while most and time.monotonic() < until:
            most -= 1
            if self._stopping.is_set():
                self._outcomes += map(self._released, self._bench)
                self._bench.clear()
                break
            first = self._bench.first() if self._outcomes else None
            if first is not None and self._pace.expect(first.function) > BATCH_TIME:
                break  # who waits for these should not have to wait for that
            if (lease := self._bench.begin()) is None:
                break
            self._outcomes.append(self._desk.stopped(lease) or self._run_one(lease))
            self._bench.end()
            if self._desk.waits:
                break  # somebody waits to hear of this one, perhaps, and the next may be slow
        self._worked_at = time.monotonic()

    def _run_one(self, lease: Lease) -> Outcome:
        self._tally.started([lease])
        job = HandedJob(lease.id, lease.queue, lease.token, lease.attempt, lease.fields)
        # Not while its module is imported: half of one is of no use to later jobs.
        ready = prepare(job, self._kit)
        if isinstance(ready, Report):
            report = ready
        else:
            report = self._stage.run(lease, partial(self._whole, ready))
        if self._interrupted and "builtins.KeyboardInterrupt" in report.names:
            return self._released(lease)
        report = self._interventions.amended(lease, report)
        self._pace.learn(lease.function, report.ran / 1e6)
        outcome = self._desk.stopped(lease, report) or settle(
            lease, report, chance=random.random(), result_ttl=self._settings.result_ttl
        )
        outcome = kept_only(outcome, lease, self._settings.failure_ttl)
        self._tally.ended(lease, report, outcome)
        return outcome

    def _whole(self, run: Run) -> Report:
        report = run.whole()
        self._stage.amend(run)
        # A job that is given back has not failed.
        return report if self._interrupted else conclude(run, report)

    def _released(self, lease: Lease) -> Outcome:
        return self._desk.stopped(lease) or release(lease)

    def _want(self) -> int:
        if self._stopping.is_set():
            return 0
        room = self._pace.depth() - len(self._bench)
        if self._settings.max_jobs is not None:
            room = min(room, self._settings.max_jobs - self._claimed)
        return max(0, room)

    def _is_done(self, got: Exchanged) -> bool:
        if self._stopping.is_set():
            return True
        if self._settings.max_jobs is not None and self._claimed >= self._settings.max_jobs:
            return True
        if self._settings.burst and not got.left:
            return True
        limit = self._settings.max_idle_time
        return limit is not None and time.monotonic() - self._worked_at > limit

    def _prepare(self, want: int) -> Pending:
        self._number += 1
        self._in_flight = True
        outcomes, self._outcomes = self._outcomes + self._interventions.late(), []
        return Pending(self._number, list(self._order()), want, outcomes)

    def _rest(self, next_due: float | None) -> None:
        """Block on the bells until one rings, something falls due, or the block ends."""
        seconds = BLOCK if next_due is None else min(BLOCK, max(next_due, 0.001))
        limit = self._settings.max_idle_time
        if limit is not None:
            seconds = min(seconds, max(0.05, limit))
        bells = [self._connection.keys.bell(name) for name in self._settings.queues]
        try:
            self._resting = True
            try:
                if not self._stopping.is_set():
                    self._block(self._connection.dedicated(), bells, seconds)
            finally:
                self._resting = False
        except _Woken:
            return
        except ServerError as error:
            log.debug("the bell is out of reach: %s", error)

    def _block(self, link: Link, bells: list[str], seconds: float) -> None:
        try:
            self._alarm.reply(link, encode(command("BLPOP", *bells, seconds)), seconds + 10)
        finally:
            link.close()

    def _order(self) -> list[str]:
        if self._settings.strategy == "round_robin":
            self._queues = self._queues[1:] + self._queues[:1]
        elif self._settings.strategy == "random":
            random.shuffle(self._queues)
        return self._queues

    # Its registration

    def _take_leave(self, beat: threading.Thread) -> None:
        """Take the worker off the list; one that cannot do that is forgotten in time."""
        if self._in_flight:
            return  # nobody answers
        goodbye = workers.unregister(self._connection.keys, self._me)
        try:
            beat.join(FAREWELL)
            reply = self._connection.exchange(opened(goodbye), 1, FAREWELL)[0]
            if isinstance(reply, ServerError):  # it answers, but does not know the script
                run(self._connection, workers.unregister(self._connection.keys, self._me))
        except (ServerError, KeyboardInterrupt) as error:
            if not isinstance(error, ServerError) and not self._interrupted:
                raise
            log.warning("the server forgets this worker in time: %s", error)

    def _born(self) -> Flow[None]:
        keys, facts = self._connection.keys, birth_facts(self._settings, WorkerStatus.IDLE)
        holder = yield from workers.identity_of(keys, self._settings.name)
        if holder is not None and holder != self._me:
            yield from self._bury([holder])
        others = yield from workers.register(keys, self._me, self._settings.alive_ms, facts)
        yield from self._bury(others)

    def _bury(self, neighbours: list[Identity]) -> Flow[None]:
        """Give back the jobs of those that are dead."""
        for other in filter(identity.is_gone, neighbours):
            moved = yield from workers.takeover(
                self._connection.keys, other, self._settings.max_crashes
            )
            if moved:
                log.warning(
                    "worker %s is gone; %d of its jobs are back in their queues", other.name, moved
                )

    def _beat(self) -> None:
        due: int | None = None
        while not self._is_over_before_a_beat(due):
            # What moves on meanwhile must be in the one or the other; what has ended is ours, too,
            # until it is told.
            came = self._straight.leases()
            held = [*self._bench, *came]
            leases = [(lease.id, lease.queue, lease.token) for lease in held]
            leases += [(one.job_id, one.queue, one.token) for one in list(self._outcomes)]
            facts: dict[str, Word] = {
                "state": WorkerStatus.BUSY if held else WorkerStatus.IDLE,
                "current": held[0].id if held else "",
                "successful": self._tally.successful,
                "failed": self._tally.failed,
                "working_ms": self._tally.working_ms,
            }
            try:
                beat = run(
                    self._connection,
                    workers.extend(
                        self._connection.keys,
                        self._me,
                        self._settings.alive_ms,
                        self._settings.lease_ms,
                        facts,
                        leases,
                    ),
                )
                due = beat.cron
                run(self._connection, self._bury(beat.neighbours) if beat.known else self._born())
            except (ServerError, DuplicateWorkerError) as error:
                log.warning("no heartbeat: %s", error)

    def _is_over_before_a_beat(self, due: int | None) -> bool:
        """Wait for the next beat, and fire the cron entries that fall due while a job runs."""
        until = time.monotonic() + self._settings.lease / 3
        while due is not None and time.monotonic() + due / 1000 < until:
            if self._over.wait(max(due, 1) / 1000):
                return True
            due = self._fire(fire_due(self._connection.keys)) if self._bench else None
        return self._over.wait(max(0.0, until - time.monotonic()))

    def _fire(self, flow: Flow[int | None]) -> int | None:
        try:
            return run(self._connection, flow)
        except ServerError as error:
            log.warning("cannot fire cron entries: %s", error)
        return None

    def _shut_down(self) -> None:
        """A command wants what a first signal wants."""
        if not self._stopping.is_set():
            log.info("stopping: finishing the job that runs")
            self._stopping.set()
            self._alarm.ring()

    def _obey_signals(self) -> dict[int, signal._HANDLER]:
        if threading.current_thread() is not threading.main_thread():
            return {}

        def stop(number: int, _frame: FrameType | None) -> None:
            if self._stopping.is_set():
                self._interrupted = True
                raise KeyboardInterrupt(f"stopped at once by signal {number}")
            log.info("stopping: finishing the job that runs; once more to stop at once")
            self._stopping.set()
            if self._resting:
                raise _Woken

        return {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
