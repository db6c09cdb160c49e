"""The supervisor: one process, one thread, one loop; it never imports user code.

It puts the parts together (stable, team, trade, heart), obeys signals, and ends when a burst
is done, when it is told to, or when it has been idle for too long.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import threading
import time
from typing import Any

from workhorse.connection import Connection
from workhorse.exceptions import WorkhorseError
from workhorse.ops.inbox import Address
from workhorse.states import WorkerStatus
from workhorse.worker.commands import Desk, Execution, Hands
from workhorse.worker.cron import Clockwork
from workhorse.worker.epilogues import Epilogues
from workhorse.worker.heartbeat import FAREWELL as GOODBYE
from workhorse.worker.heartbeat import Heart
from workhorse.worker.identity import identity
from workhorse.worker.inbox import Inbox
from workhorse.worker.launch import Launched
from workhorse.worker.orders import Orders
from workhorse.worker.precision import precise_loop
from workhorse.worker.settings import Settings
from workhorse.worker.stabling import Stabling
from workhorse.worker.tally import Tally
from workhorse.worker.team import Team
from workhorse.worker.tether import Tether
from workhorse.worker.trade import Trade

log = logging.getLogger("workhorse.worker")

DEBOUNCE = 0.3
"""A second signal within this time is the first one's echo, seconds."""
TICK = 1.0
"""How often a worker looks whether it has been idle for too long, seconds."""
LAST = 10
"""How long a worker that has lost its pool may take to end, beyond its grace, seconds."""
FAREWELL = 5.0
"""How long a worker that is told to stop at once tries to return its jobs, and one that has nothing
more to do to take its leave, seconds."""
BRIEFLY = 0.5
"""The same for what can be left undone, by one that is told to stop at once or has waited."""


def supervise(
    connection: Connection, settings: Settings, stable: Launched, tether: Tether | None = None
) -> bool:
    """Work until there is a reason to stop; whether any job was run.

    Raises:
        DuplicateWorkerError: A live worker has the name.
        ImportError: A module to be preloaded cannot be imported.
        WorkhorseError: The stable cannot start.
    """

    async def work() -> bool:
        try:
            return await Supervisor(connection, settings, stable, tether).run()
        finally:
            await connection.aclose()

    with asyncio.Runner(loop_factory=precise_loop) as runner:
        return runner.run(work())


class Supervisor:
    """One worker.

    Args:
        connection: The way to its queues.
        settings: What it is told.
        stable: Waits for its orders.
        tether: Holds it to its pool, if it is in one.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        stable: Launched,
        tether: Tether | None = None,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._launched = stable
        self._tether = tether
        self._tally = Tally(descriptions=settings.log_descriptions)
        self._stopping_since = 0.0
        self._leaving_since = 0.0
        self._cold = False
        self._failure: Exception | None = None
        self._was_ready = False
        self._restart_delay = 0.1

    async def run(self) -> bool:
        """Work until there is a reason to stop, as `supervise` says."""
        self._build()
        self._obey_signals()
        await self._settle_in()
        trade = self._trade
        parts = (trade.run, trade.listen, trade.serving.run, self._heart.run, self._obey_commands)
        tasks = [asyncio.create_task(part()) for part in parts]
        log.info(
            "worker %s listens on %s (%s)",
            self._settings.name,
            ", ".join(self._settings.queues),
            self._settings.isolation,
        )
        try:
            await self._until_over(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._team.close()
            self._stabling.stop()
            await self._inbox.close()
            await self._heart.goodbye(GOODBYE if self._trade.settled else BRIEFLY)
            self._tally.sum_up()
            log.info("worker %s has stopped", self._settings.name)
        if self._failure is not None:
            raise self._failure
        return self._tally.successful + self._tally.failed > 0

    def stop(self) -> None:
        """The first time: finish what runs. The second time: kill it and return it."""
        now = time.monotonic()
        if not self._stopping_since:
            self._stopping_since = now
            log.info("stopping: finishing what runs; once more to stop at once")
            self._trade.closing = True
            self._trade.give_back(self._team.surrender())
            if self._settings.grace is not None:
                end = f"the grace of {self._settings.grace:g} s is over"
                loop = asyncio.get_running_loop()
                loop.call_later(self._settings.grace, self._stop_now, end)
        elif now - self._stopping_since > DEBOUNCE:
            self._stop_now("stopping at once")
        self._review()

    def _shut_down(self) -> None:
        """A command wants what a first signal wants; a second command is not a second signal."""
        if not self._stopping_since:
            self.stop()

    def _end_now(self) -> None:
        """The pool wants what a second signal wants."""
        self._shut_down()
        self._stop_now("stopping at once")
        self._review()

    def _orphaned(self) -> None:
        """The pool has died: another one may start as many workers again."""
        log.warning("the pool is gone")
        # Whatever keeps it from ending must not keep it for ever: nobody else would end it.
        signal.alarm(math.ceil(self._settings.grace or 0) + LAST)
        self._shut_down()
        if self._settings.grace is None:
            self._end_now()

    async def _obey_commands(self) -> None:
        await self._inbox.listen(self._desk.take)

    async def _settle_in(self) -> None:
        """Make the worker known, and have horses."""
        try:
            # Not before the name is proved to be ours is anything of the user's imported.
            await self._heart.register()
            self._stabling.start()
        except BaseException:
            self._stabling.stop()
            raise
        self._team.muster()

    def _build(self) -> None:
        settings, connection = self._settings, self._connection
        self._over = asyncio.Event()
        self._trade = Trade(connection, settings, self._tally, self._review)
        self._stabling = Stabling(Orders.of(settings, connection), self._hear, self._launched)
        stops: dict[Execution, str] = {}
        epilogues = Epilogues(self._trade.ended, wanted=bool(settings.killed))
        self._team = Team(settings, self._stabling, epilogues.ended, self._freed, stops)
        epilogues.backlog = lambda: self._team.backlog
        me = identity(settings.name)
        self._inbox = Inbox(connection, settings.name)
        ender = self._team.ender
        hands = Hands(self._shut_down, ender.kill, ender.stop, self._trade.unsettled)
        to = Address(connection.namespace, me.name, me.process)
        self._desk = Desk(to, stops, hands, self._inbox.answer)
        clockwork = Clockwork(connection, self._trade.is_full, self._trade.wake)
        self._trade.team, self._trade.desk = self._team, self._desk
        self._trade.clockwork = clockwork
        self._heart = Heart(
            connection,
            settings,
            self._tally,
            me=me,
            held=self._team.held,
            running=self._team.running,
            state=self._state,
            relieved=self._relieved,
            cron=clockwork.expect,
        )

    def _state(self) -> str:
        if self._stopping_since:
            return WorkerStatus.STOPPING
        if self._trade.impaired:
            return WorkerStatus.IMPAIRED
        if self._team.busy():
            return WorkerStatus.BUSY
        return WorkerStatus.SUSPENDED if self._trade.suspended else WorkerStatus.IDLE

    def _freed(self) -> None:
        self._trade.poke()
        self._review()

    def _relieved(self) -> None:
        self._trade.empty = False
        self._trade.poke()

    # The stable

    def _hear(self, news: dict[str, Any]) -> None:
        match news["what"]:
            case "ready":
                self._was_ready = True
                self._restart_delay = 0.1
                if self._tether is not None and self._failure is None:
                    self._tether.ready()
            case "forked":
                self._team.forked(news["number"], news["pid"], news["why"])
            case "ended":
                used = news.get("used")
                self._team.gone(news["number"], news["status"], news["peak"], used)
            case "unimportable":
                self._cannot_import(news["module"], news["text"])
            case "died":
                self._restart_stable()

    def _cannot_import(self, module: str, text: str) -> None:
        if module in self._settings.preload:
            log.error("cannot preload %s:\n%s", module, text)
            self._fail(ImportError(f"cannot preload {module}; see the log"))
        elif module in self._settings.needed:
            log.error("there is no such handler: %s", text)
            self._fail(ImportError(text))
        else:
            log.debug("the stable cannot import %s; horses will: %s", module, text)

    def _fail(self, why: Exception) -> None:
        self._failure = why
        if not self._stopping_since:
            self.stop()

    def _restart_stable(self) -> None:
        if not self._was_ready:
            self._fail(WorkhorseError("the worker's stable cannot start; its log says why"))
            return
        log.error("the stable died; starting another one")
        self._team.scatter()

        def restart() -> None:
            if not self._cold:
                self._stabling.start()
                self._team.muster()

        asyncio.get_running_loop().call_later(self._restart_delay, restart)
        self._restart_delay = min(self._restart_delay * 2, 5.0)

    # The end

    async def _until_over(self, tasks: list[asyncio.Task[None]]) -> None:
        over = asyncio.create_task(self._over.wait())
        self._tick()
        try:
            ended, _ = await asyncio.wait([over, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            self._ticking.cancel()
        for task in ended - {over}:
            task.result()
        if self._trade.owes:
            log.error("the server is away; the jobs that ran return when their leases end")
        elif not self._trade.settled:
            log.warning("the server does not answer; it forgets this worker in time")

    def _tick(self) -> None:
        self._ticking = asyncio.get_running_loop().call_later(TICK, self._tick)
        self._heart.hurry()
        self._review()

    def _review(self) -> None:
        if self._over.is_set() or not self._is_done():
            return
        # Not before the server knows: what it gives to a worker that has gone is late by a lease.
        self._trade.closing = True
        limit = BRIEFLY if self._cold else FAREWELL
        if not self._leaving_since:
            self._leaving_since = time.monotonic()
            self._review_in(limit)
        self._trade.poke()
        told = self._trade.settled and not self._trade.may_be_given
        if told or self._has_waited(self._leaving_since, limit):
            self._over.set()

    def _has_waited(self, since: float, limit: float = FAREWELL) -> bool:
        return time.monotonic() - since > limit

    def _review_in(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds + 0.01, self._review)

    def _is_done(self) -> bool:
        trade, team = self._trade, self._team
        idle = trade.settled and not team.busy()
        if self._stopping_since or self._leaving_since:
            return self._is_stopped(idle=idle)
        if not idle:
            return False
        if self._settings.max_jobs is not None and trade.claimed >= self._settings.max_jobs:
            return True
        if self._settings.burst and trade.empty:
            return True
        limit = self._settings.max_idle_time
        return limit is not None and time.monotonic() - trade.worked_at > limit

    def _is_stopped(self, *, idle: bool) -> bool:
        if idle or not (self._team.busy() or self._trade.owes):
            return True
        # Told to stop at once, it does not wait for a server that is away.
        return self._cold and self._has_waited(self._stopping_since)

    def _stop_now(self, why: str) -> None:
        if self._cold:
            return
        self._cold = True
        self._stopping_since = time.monotonic()
        leases = self._team.kill_all("the worker was stopped")
        log.warning("%s: %d jobs go back to their queues", why, len(leases))
        self._trade.give_back(leases)
        self._review_in(BRIEFLY)
        self._review_in(FAREWELL)

    def _obey_signals(self) -> None:
        if self._tether is not None:
            self._tether.listen(self._shut_down, self._end_now, self._orphaned)
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
