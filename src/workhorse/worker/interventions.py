"""What commands do to a worker without horses: they come in a thread of their own.

A job that runs is interrupted. One that waits behind it is stopped from here, at once: the worker's
own thread may be busy for long.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.exceptions import ServerError
from workhorse.ops.claim import Terms, exchange
from workhorse.ops.inbox import Address
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.ops.settle import Outcome
from workhorse.ops.workers import Identity
from workhorse.worker import obituary
from workhorse.worker.commands import Desk, Execution, Hands
from workhorse.worker.inbox import InboxThread
from workhorse.worker.stage import Stage

log = logging.getLogger("workhorse.worker")


class Bench:
    """The leases of a worker without horses, in order; the first may run.

    Attributes:
        current: The one that runs, or is about to.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases: deque[Lease] = deque()
        self.current: Lease | None = None

    def __len__(self) -> int:
        return len(self._leases)

    def __iter__(self) -> Iterator[Lease]:
        with self._lock:
            return iter(list(self._leases))

    def seat(self, leases: Iterable[Lease]) -> None:
        """Take new ones, behind the others."""
        with self._lock:
            self._leases.extend(leases)

    def first(self) -> Lease | None:
        """The first, which is not the current one for that."""
        with self._lock:
            return self._leases[0] if self._leases else None

    def begin(self) -> Lease | None:
        """The first, from now on the current one; None: there is none."""
        with self._lock:
            self.current = self._leases[0] if self._leases else None
        return self.current

    def end(self) -> None:
        """The current one has ended."""
        with self._lock:
            self._leases.popleft()
            self.current = None

    def clear(self) -> None:
        """Give all up."""
        with self._lock:
            self._leases.clear()
            self.current = None

    def withdraw(self, job_id: str, token: str) -> Lease | None:
        """What there is of an execution; one that has not begun is not here any more."""
        with self._lock:
            for lease in self._leases:
                if lease.id == job_id and lease.token == token:
                    if lease is not self.current:
                        self._leases.remove(lease)
                    return lease
        return None


class Interventions:
    """Commands to one worker.

    Args:
        connection: The way to the server.
        me: The worker.
        terms: Its terms.
        bench: Its jobs.
        stage: Where they run.
    """

    def __init__(
        self, connection: Connection, me: Identity, terms: Terms, bench: Bench, stage: Stage
    ) -> None:
        self._connection = connection
        self._me = me
        self._terms = terms
        self._bench = bench
        self._stage = stage
        self._doomed: dict[Execution, str] = {}
        self._apart: set[Execution] = set()
        self._late: deque[Outcome] = deque()

    def desk_of(
        self,
        shut_down: Callable[[], None],
        unsettled: Callable[[], Collection[Execution] | None],
    ) -> Desk:
        """Where the worker's commands are dealt with.

        Args:
            shut_down: Has it finish what runs, and end.
            unsettled: As in `Hands`, but for what is in hand here.
        """
        self._unsettled = unsettled
        self._inbox = InboxThread(self._connection, self._me.name)
        hands = Hands(shut_down, self._kill, self._stop, self._all_unsettled)
        to = Address(self._connection.namespace, self._me.name, self._me.process)
        self._desk = Desk(to, {}, hands, self._inbox.answer)
        return self._desk

    def start(self) -> None:
        """Take commands from now on."""
        self._inbox.take = self._desk.take
        self._inbox.start()

    def close(self) -> None:
        """Take no more."""
        self._inbox.close()

    def amended(self, lease: Lease, report: Report) -> Report:
        """The report on a job, which was killed if somebody wanted that and it has not finished."""
        doom = self._doomed.pop((lease.id, lease.token), "") if self._doomed else ""
        if not doom or report.kind == "finished":
            return report
        killed = obituary.report(doom, None, 0, report.ran)
        return killed._replace(what=b"\n\n".join(filter(None, (killed.what, report.what))))

    def late(self) -> list[Outcome]:
        """Ends that could not be told from here: the worker must."""
        found = []
        while self._late:
            found.append(self._late.popleft())
            self._apart.discard((found[-1].job_id, found[-1].token))
        return found

    def _all_unsettled(self) -> Collection[Execution] | None:
        # First what is here: it moves on to there, and never back.
        here = {*self._apart, *((one.id, one.token) for one in self._bench)}
        others = self._unsettled()
        return None if others is None else here.union(others)

    def _kill(self, why: str) -> list[Lease]:
        """There is no horse to kill: the job that runs ends as if it had died with one."""
        lease = self._bench.current
        if lease is None:
            return []
        self._doomed[lease.id, lease.token] = why
        self._stage.interrupt(lease)
        return [lease]

    def _stop(self, job_id: str, token: str, _why: str) -> None:
        self._apart.add((job_id, token))
        lease = self._bench.withdraw(job_id, token)
        outcome = None
        if lease is not None and lease is self._bench.current:
            self._stage.interrupt(lease)
        elif lease is not None:
            outcome = self._desk.stopped(lease)
        if outcome is None:
            self._apart.discard((job_id, token))
        else:
            self._settle(outcome)

    def _settle(self, outcome: Outcome) -> None:
        """Tell the end of a job that never began: not in the worker's exchanges, for it is busy."""
        terms = replace(self._terms, worker=f"{self._terms.worker}.{os.urandom(4).hex()}")
        flow = exchange(self._connection.keys, terms, 1, [outcome.queue], 0, [outcome])
        try:
            got = run(self._connection, flow)
        except ServerError as error:
            log.warning("the end of job %s is told later: %s", outcome.job_id, error)
            self._late.append(outcome)
            return
        self._desk.settled([outcome], got.refused)
        self._apart.discard((outcome.job_id, outcome.token))
