"""`follow`: keep forwarding what producers of RQ still enqueue.

For each queue a link of its own blocks on RQ's list, with `BLMOVE list list LEFT LEFT`: when a job
is there, the server takes it from the head and puts it back there, in one step, and we learn of it.
So there is no list of our own on the way, and nothing to recover after a kill: a job is at RQ
until `adopt.lua` has moved it. Nobody polls; but a job that must stay would wake us again and
again, so while a queue has such a one it is looked at once a second.

Registries and new queues cannot be blocked on: they are looked at every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from workhorse.adopt.adopter import Adopter
from workhorse.adopt.places import Place
from workhorse.connection import Connection
from workhorse.drivers import arun
from workhorse.exceptions import ConnectionLost
from workhorse.links.aio import AsyncLink

EVERY: Final = 2.0
"""How often registries, and the list of queues, are looked at, seconds."""
BLOCK: Final = 5
"""How long a link blocks at a time, seconds."""
AGAIN: Final = 1.0
"""How long to wait before a queue is looked at again that has a job which stays, seconds."""

Work = Callable[[], Awaitable[None]]
log = logging.getLogger("workhorse.adopt")


class Follower:
    """Moves what comes, until it is told to stop.

    Args:
        connection: To the server, and our namespace.
        adopter: Moves it.
    """

    def __init__(self, connection: Connection, adopter: Adopter) -> None:
        self._connection = connection
        self._adopter = adopter
        self._stop = asyncio.Event()
        # One at a time: they share a report, and the queues their order.
        self._turn = asyncio.Lock()
        self._watched: dict[str, asyncio.Task[None]] = {}

    def stop(self) -> None:
        """Come to an end; what is being moved is moved."""
        self._stop.set()

    async def follow(self) -> None:
        """Move what is there, and what comes."""
        try:
            await self._patiently(self._adopt)
            while not self._stop.is_set():
                await self._patiently(self._look)
                await self._pause(EVERY)
        finally:
            for task in self._watched.values():
                task.cancel()
            await asyncio.gather(*self._watched.values(), return_exceptions=True)

    async def _adopt(self) -> None:
        async with self._turn:
            await arun(self._connection, self._adopter.adopt())

    async def _look(self) -> None:
        async with self._turn:
            names = await arun(self._connection, self._adopter.queue_names())
            await arun(self._connection, self._adopter.look())
        for name in names:
            if name not in self._watched or self._watched[name].done():
                self._watched[name] = asyncio.create_task(self._watch(name))

    async def _watch(self, queue: str) -> None:
        """Move a queue's jobs as they come."""
        place = Place("queue", queue, self._adopter.rq.queue(queue))
        while not self._stop.is_set():
            with contextlib.suppress(ConnectionLost):
                link = await self._connection.adedicated(reply_timeout=BLOCK + 5)
                try:
                    await self._forward(place, link)
                finally:
                    link.close()
            await self._pause(AGAIN)

    async def _forward(self, place: Place, link: AsyncLink) -> None:
        while not self._stop.is_set():
            if await link.request(("BLMOVE", place.key, place.key, "LEFT", "LEFT", BLOCK)) is None:
                continue
            async with self._turn:
                stay = await arun(self._connection, self._adopter.move_all(place))
            if stay:
                await self._pause(AGAIN)

    async def _patiently(self, work: Work) -> None:
        """Do it, and do it again while the server is away."""
        while not self._stop.is_set():
            try:
                await work()
            except ConnectionLost as error:
                log.warning("%s; still trying", error)
                await self._pause(AGAIN)
            else:
                return

    async def _pause(self, seconds: float) -> None:
        """Wait, but not when told to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
