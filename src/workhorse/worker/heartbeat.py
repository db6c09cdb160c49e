"""A worker's registration: its birth, its heartbeats, its neighbours, its goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import socket
from collections.abc import Callable

from workhorse import __version__
from workhorse.connection import Connection
from workhorse.drivers import arun
from workhorse.effects import Word
from workhorse.exceptions import ConnectionLost, DuplicateWorkerError, ServerError
from workhorse.ops import workers
from workhorse.ops.leases import Lease
from workhorse.ops.workers import Identity
from workhorse.worker import identity
from workhorse.worker.settings import Settings
from workhorse.worker.tally import Tally

log = logging.getLogger("workhorse.worker")

FAREWELL = 2.0
"""How long a worker tries to say goodbye, seconds; one that does not is forgotten in time."""


class Heart:
    """Beats at a third of the lease, so that one lost beat costs no healthy job its lease.

    Args:
        me: Who this worker is.
        held: The leases to extend.
        running: The jobs that run now.
        state: What the worker says it is doing.
        relieved: Called when jobs of a dead neighbour went back to their queues.
        cron: Told in how many ms a cron entry is due, or None.
    """

    def __init__(  # noqa: PLR0913 - one for each thing that a beat tells
        self,
        connection: Connection,
        settings: Settings,
        tally: Tally,
        *,
        me: Identity,
        held: Callable[[], list[Lease]],
        running: Callable[[], list[Lease]],
        state: Callable[[], str],
        relieved: Callable[[], None],
        cron: Callable[[int | None], None],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._tally = tally
        self._held = held
        self._running = running
        self._state = state
        self._relieved = relieved
        self._cron = cron
        self._me = me
        self._watched: dict[Identity, int] = {}
        self._taking: set[asyncio.Task[None]] = set()
        self._early = asyncio.Event()
        self._told = ""
        self._counted = (0, 0)

    async def register(self) -> None:
        """Make the worker known, waiting for the server if it is away.

        Raises:
            DuplicateWorkerError: A live worker has the name.
        """
        keys, name = self._connection.keys, self._settings.name
        holder = await arun(self._connection, workers.identity_of(keys, name))
        if holder is not None and holder != self._me and identity.is_gone(holder):
            await self._take_over(holder)
        self._told = self._state()
        facts = birth_facts(self._settings, self._told) | self._facts()
        born = workers.register(keys, self._me, self._settings.alive_ms, facts)
        self._watch(await arun(self._connection, born))

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            # Not `wait_for`, which forgets that it is cancelled if what it waits for comes then.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.lease / 3):
                    await self._early.wait()
            self._early.clear()
            try:
                await self._beat()
            except (ConnectionLost, ServerError, DuplicateWorkerError) as error:
                log.warning("no heartbeat: %s", error)
                await asyncio.sleep(0.5)

    def hurry(self) -> None:
        """Beat soon if the worker's state, or what it has done, is not what the server was told."""
        counts = (self._tally.successful, self._tally.failed)
        # While jobs run the next beat is soon enough; who has none left should look so.
        if self._state() != self._told or (counts != self._counted and not self._held()):
            self._early.set()

    async def goodbye(self, within: float = FAREWELL) -> None:
        """Take the worker off the list, if the server answers within so many seconds."""
        for watch in self._watched.values():
            asyncio.get_running_loop().remove_reader(watch)
            os.close(watch)
        self._watched.clear()
        flow = workers.unregister(self._connection.keys, self._me)
        with contextlib.suppress(ServerError, TimeoutError):
            async with asyncio.timeout(within):
                await arun(self._connection, flow)

    async def _beat(self) -> None:
        leases = [(lease.id, lease.queue, lease.token) for lease in self._held()]
        self._told = self._state()
        beat = await arun(
            self._connection,
            workers.extend(
                self._connection.keys,
                self._me,
                self._settings.alive_ms,
                self._settings.lease_ms,
                self._facts(),
                leases,
            ),
        )
        still_held = {lease.id for lease in self._held()}
        for job_id in beat.lost:
            if job_id in still_held:
                log.warning("the lease of job %s is lost; its outcome will be refused", job_id)
        if not beat.known:
            log.warning("the server does not know this worker any more; registering again")
            await self.register()
        self._watch(beat.neighbours)
        self._cron(beat.cron)

    def _facts(self) -> dict[str, Word]:
        self._counted = (self._tally.successful, self._tally.failed)
        return {
            "state": self._told,
            "current": "\n".join(lease.id for lease in self._running()),
            "successful": self._tally.successful,
            "failed": self._tally.failed,
            "working_ms": self._tally.working_ms,
        }

    # Neighbours: the kernel tells at once when a process of this machine ends.

    def _watch(self, neighbours: list[Identity]) -> None:
        for other in neighbours:
            if other in self._watched:
                continue
            try:
                watch = os.pidfd_open(int(other.process.partition(".")[0]))
            except (AttributeError, OSError, ValueError):
                watch = -1
            if watch >= 0 and not identity.is_gone(other):
                self._watched[other] = watch
                asyncio.get_running_loop().add_reader(watch, self._ended, other)
                continue
            if watch >= 0:
                os.close(watch)
            if identity.is_gone(other):
                self._spawn_take_over(other)

    def _ended(self, other: Identity) -> None:
        watch = self._watched.pop(other)
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)
        self._spawn_take_over(other)

    def _spawn_take_over(self, other: Identity) -> None:
        task = asyncio.get_running_loop().create_task(self._take_over(other))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    async def _take_over(self, other: Identity) -> None:
        flow = workers.takeover(self._connection.keys, other, self._settings.max_crashes)
        try:
            moved = await arun(self._connection, flow)
        except ServerError as error:
            log.warning("cannot take over the jobs of worker %s: %s", other.name, error)
            return
        if moved:
            log.warning(
                "worker %s is gone; %d of its jobs are back in their queues", other.name, moved
            )
            self._relieved()


def birth_facts(settings: Settings, state: str) -> dict[str, Word]:
    """What a worker says of itself when it registers."""
    return {
        "state": state,
        "queues": "\n".join(settings.queues),
        "hostname": socket.gethostname(),
        "pid": os.getpid(),
        "version": __version__,
        "python_version": platform.python_version(),
    }
