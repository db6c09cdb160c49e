"""The worker's trade with the server: outcomes for jobs, in one call at a time.

While a call is under way, outcomes gather and go with the next. An idle horse makes the call
urgent; otherwise it waits up to 2 ms, so that under load calls carry many jobs and an idle
worker adds no delay.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Final

from workhorse.connection import Connection
from workhorse.drivers import arun, encode
from workhorse.effects import Flow, command
from workhorse.exceptions import ServerError
from workhorse.links.aio import AsyncLink
from workhorse.ops.claim import RESTED, RESTS, Exchanged, Terms, exchange, given
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.ops.settle import Outcome, kept_only, release, settle
from workhorse.ops.suspension import ALL
from workhorse.worker.commands import Desk, Execution
from workhorse.worker.cron import Clockwork
from workhorse.worker.exchanges import Pending, answer_of, opened, replaced
from workhorse.worker.serving import Serving
from workhorse.worker.settings import Settings
from workhorse.worker.tally import Tally
from workhorse.worker.team import Team

log = logging.getLogger("workhorse.worker")

GATHER: Final = 0.002
"""How long outcomes may wait for company while all horses have work, seconds."""
PLENTY: Final = 128
"""How many outcomes do not wait for more."""
COMPANY: Final = 32
"""How many are enough for an exchange when another has just been answered."""
FAR: Final = 3600.0
"""What is due later than this needs no timer: something else will happen before, seconds."""
BLOCK: Final = 5
"""How long an idle worker blocks on its bells at a time, seconds."""


class Trade:
    """Exchanges with the server until told to stop.

    Args:
        connection: The way to the server.
        settings: What the worker is told.
        tally: Counts.
        changed: Called when the server has answered.

    Attributes:
        team: Where jobs go.
        desk: Knows which jobs are to be stopped, and wants to know of their ends.
        clockwork: Fires cron entries.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        tally: Tally,
        changed: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._terms = Terms(settings.name, settings.lease_ms, settings.max_crashes)
        self._tally = tally
        self._changed = changed
        # Fences of an earlier process of the same name must not fit ours.
        self._number = time.time_ns() // 1000
        self._queues = list(settings.queues)
        self._go = asyncio.Event()
        self._resting = asyncio.Event()
        self._gathering: asyncio.TimerHandle | None = None
        self._falling_due: asyncio.TimerHandle | None = None
        self.team: Team | None = None
        self.desk: Desk | None = None
        self.clockwork: Clockwork | None = None
        self.outcomes: list[Outcome] = []
        self._pending: Pending | None = None
        self._link: AsyncLink | None = None
        self._rung = True
        self._ring_on = False
        self.serving = Serving(connection, settings.name, self._given, self._look_again)
        self._doubtful: set[str] = set()
        self._fault: Exception | None = None
        self.empty = self.closing = self.suspended = False
        self.impaired = ""
        self.claimed = 0
        self.worked_at = time.monotonic()

    # What happens to it

    def ended(self, lease: Lease, report: Report) -> None:
        """A run came to its end."""
        self.worked_at = time.monotonic()
        settings, desk = self._settings, self.desk
        outcome = (desk.stopped(lease, report) if desk is not None else None) or settle(
            lease, report, chance=random.random(), result_ttl=settings.result_ttl
        )
        if settings.failure_ttl is not None:
            outcome = kept_only(outcome, lease, settings.failure_ttl)
        self._tally.ended(lease, report, outcome)
        self.outcomes.append(outcome)

    def give_back(self, leases: list[Lease]) -> None:
        """Return leases to the heads of their queues, as if they had not been claimed."""
        self._release(leases)
        self.poke()

    def _release(self, leases: list[Lease]) -> None:
        stopped = self.desk.stopped if self.desk is not None else lambda _: None
        self.outcomes += [stopped(lease) or release(lease) for lease in leases]
        self.claimed -= len(leases)

    def unsettled(self) -> set[Execution] | None:
        """What the server has not been told the end of; None: the answer to an exchange may say."""
        if self.in_flight:
            return None
        held = self.team.held() if self.team is not None else []
        told = ((one.job_id, one.token) for one in self.outcomes)
        return {*((lease.id, lease.token) for lease in held), *told}

    def poke(self) -> None:
        """Something changed: see whether an exchange is due."""
        if self.in_flight or not self._is_due():
            return
        if self._is_urgent():
            self._begin()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER, self._gathered)

    @property
    def in_flight(self) -> bool:
        """Whether an exchange is under way."""
        return self._pending is not None

    @property
    def owes(self) -> bool:
        """Whether the server has yet to take note of the end of a job."""
        return bool(self.outcomes) or (self._pending is not None and bool(self._pending.outcomes))

    @property
    def settled(self) -> bool:
        """Whether the server knows everything that this worker knows."""
        firing = self.clockwork is not None and self.clockwork.busy
        return not self.in_flight and not self.outcomes and not firing

    @property
    def may_be_given(self) -> bool:
        """Whether the server still takes this worker for one that rests, and gives it jobs."""
        return self.serving.rested and self.serving.listens

    def is_full(self) -> bool:
        """Whether it takes no jobs now, and so makes an exchange only to hand in outcomes."""
        return self._want() == 0

    def wake(self) -> None:
        """Something may have come into a queue."""
        self._look_again()
        self._changed()

    # What it does

    async def run(self) -> None:
        """Make the exchanges that cannot be made straight: the first, and after trouble."""
        while True:
            await self._go.wait()
            self._go.clear()
            if self._fault is not None:
                raise self._fault
            if self._pending is not None and self._link is not None:
                continue  # a straight one is under way: made twice, its jobs would run twice
            if self._pending is None and self._is_due():
                self._pending = self._prepare()
            if self._pending is not None:
                self._complete(self._pending, await self._insist(self._pending))
            try:
                self._link = await self._connection.alink()
            except ServerError as error:
                log.debug("the server is out of reach: %s", error)
            self.poke()

    async def listen(self) -> None:
        """While there is nothing to do, block on the bells; a ring means: look again."""
        bells = [self._connection.keys.bell(name) for name in self._settings.queues]
        blocking = encode(command("BLPOP", *bells, BLOCK))
        while True:
            await self._resting.wait()
            try:
                link = await self._connection.adedicated(reply_timeout=BLOCK + 10)
                while True:
                    await self._resting.wait()
                    await self._rest(link, blocking)
            except ServerError as error:
                log.debug("the bell is out of reach: %s", error)
                await asyncio.sleep(random.uniform(0.2, 1.0))

    async def _rest(self, link: AsyncLink, blocking: bytes) -> None:
        over: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        def rang(reply: object) -> None:
            # Acted upon in here, not when the loop comes round to this coroutine again.
            if not isinstance(reply, ServerError):
                self._look_again(pass_on=True)
            if not over.done():
                over.set_result(reply)

        link.send(blocking, rang)
        reply = await over
        if isinstance(reply, ServerError):
            raise reply

    def _look_again(self, *, pass_on: bool = False) -> None:
        self.empty = False
        self._rung = True
        self._resting.clear()
        if pass_on and self._want() == 0 and not self.closing:
            # The ring was meant for somebody with room: an exchange rings on.
            self._ring_on = True
        self.poke()

    def _want(self) -> int:
        if self.closing or self.team is None:
            return 0
        room = self.team.room()
        if self._settings.max_jobs is not None:
            room = min(room, self._settings.max_jobs - self.claimed)
        return max(0, room)

    def _is_due(self) -> bool:
        if self.team is None:
            return False
        if stuck := self.team.make_way():
            self._release(stuck)
        if self.closing and self.may_be_given:
            return True  # to say that it does not rest any more
        return bool(self.outcomes) or self._ring_on or (not self.empty and self._want() > 0)

    def _is_urgent(self) -> bool:
        team = self.team
        return (
            team is None
            or self.closing
            or len(self.outcomes) >= PLENTY
            or team.starving()
            or not team.busy()
            or (team.ears.resting and bool(self.outcomes))
        )

    def _gathered(self) -> None:
        self._gathering = None
        if not self.in_flight and self._is_due():
            self._begin()

    def _begin(self) -> None:
        """Send an exchange now if the link is up; else leave it to `run`."""
        if self._link is None or self._link.closed:
            self._go.set()
            return
        pending = self._pending = self._prepare()
        flow = self._flow(pending)
        packed = opened(flow)

        def answered(reply: object) -> None:
            if isinstance(reply, ServerError):
                self._link = None
                self._go.set()
                return
            try:
                self._complete(pending, answer_of(flow, reply))
                self.poke()
            except Exception as error:  # noqa: BLE001 - the link would go on as if nothing was
                self._fault = error
                self._go.set()

        self._link.send(packed, answered)
        self._link.flush()

    def _prepare(self) -> Pending:
        outcomes, self.outcomes = self.outcomes, []
        woken = self._rung
        self._ring_on = self._rung = False
        self._number += 1
        want = self._want()
        # A burst ends when it gets nothing.
        rests = self.serving.flags(wants=want > 0 and not self._settings.burst)
        return Pending(self._number, self._order(), want, outcomes, woken, rests)

    def _flow(self, pending: Pending) -> Flow[Exchanged]:
        return exchange(self._connection.keys, self._terms, *pending)

    def _complete(self, pending: Pending, got: Exchanged) -> None:
        self._pending = None
        for job_id in got.refused:
            if job_id not in self._doubtful:
                log.warning("the outcome of job %s came too late: its lease was lost", job_id)
        self._doubtful.clear()
        if got.again and pending.rests & RESTED:
            # A job was given straight under this number, and the server has looked at no more.
            self._doubtful.update(outcome.job_id for outcome in pending.outcomes)
            self.outcomes[:0] = pending.outcomes
        self.serving.rested = bool(pending.rests & RESTS)
        leases = self.serving.not_given(got)
        self._accept(leases)
        if pending.want:
            # The bell may have rung for a job that came after the server had answered.
            self.empty = not got.left and len(got.jobs) < pending.want and not self._rung
        if self.empty and not self.closing:
            self._resting.set()
        self.suspended = bool(got.news) and self._are_all_suspended(got)
        if got.news and self.clockwork is not None:
            self.clockwork.hear(got.news)
        self._plan(got.next_due)
        if self.desk is not None:
            self.desk.settled(pending.outcomes, got.refused)
        if len(self.outcomes) >= COMPANY and self._is_due():
            # Under load the server works on the next exchange while we hand out this one's jobs.
            self._begin()
        self._hand_out(leases)
        self._changed()

    def _accept(self, leases: list[Lease]) -> None:
        """Leases are in hand; `_hand_out` gives them to horses."""
        if not leases:
            return
        self.claimed += len(leases)
        self.worked_at = time.monotonic()
        if self.team is not None:
            self.team.backlog.extend(leases)

    def _hand_out(self, leases: list[Lease]) -> None:
        if leases and self.team is not None:
            self.team.dispatch()
        self._tally.started(leases)

    def _given(self, message: bytes) -> None:
        """A job came straight; it counts as the next exchange, which may be on its way."""
        number, lease = given(self._terms.worker, message)
        if lease.token == self.serving.latest:
            return
        self.serving.latest = lease.token
        self._number = max(self._number, number)
        if self.closing:
            self.claimed += 1
            self.give_back([lease])
        else:
            self._accept([lease])
            self._hand_out([lease])
        self._changed()

    async def _insist(self, pending: Pending) -> Exchanged:
        """One exchange, repeated under its number until the server has answered."""
        delay = 0.1
        while True:
            try:
                got = await arun(self._connection, self._flow(pending))
            except ServerError as error:
                if error.code == "STALE":
                    raise replaced(self._terms.worker) from None
                if self.impaired != str(error):
                    self.impaired = str(error)
                    log.error(  # noqa: TRY400 - the traceback tells an operator nothing
                        "cannot exchange jobs with the server, trying again: %s", error
                    )
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))
                delay = min(delay * 2, 5.0)
                continue
            if self.impaired:
                log.warning("exchanging jobs with the server again")
                self.impaired = ""
            return got

    def _are_all_suspended(self, got: Exchanged) -> bool:
        names = {what for kind, what in got.news if kind == "suspended"}
        return ALL in names or names.issuperset(self._settings.queues)

    def _plan(self, next_due: float | None) -> None:
        if self._falling_due is not None:
            self._falling_due.cancel()
            self._falling_due = None
        if next_due is not None and next_due < FAR:
            loop = asyncio.get_running_loop()
            self._falling_due = loop.call_later(next_due or 0.001, self._look_again)

    def _order(self) -> list[str]:
        queues = self._queues
        if self._settings.strategy == "round_robin":
            self._queues = queues[1:] + queues[:1]
        elif self._settings.strategy == "random":
            random.shuffle(queues)
        return queues
