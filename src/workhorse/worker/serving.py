"""How a worker that rests is given a job straight: by a message, which spares it an exchange.

What is given counts as the worker's next exchange. A message that is lost with its connection
costs nothing: that exchange, made in its turn, is answered as a repeat, with the job.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from functools import partial

from workhorse.connection import Connection
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.ops.claim import RESTED, RESTS, Exchanged
from workhorse.ops.leases import Lease

log = logging.getLogger("workhorse.worker")


class Serving:
    """Listens for jobs that are given to one worker.

    Args:
        connection: The way to the server.
        worker: Its name.
        given: Called with each message.
        lost: Called when one may have been lost.

    Attributes:
        listens: Whether messages arrive.
        rested: Whether the last exchange said that the worker rests.
        latest: The token of the last job that was given, so that none is taken twice.
    """

    def __init__(
        self,
        connection: Connection,
        worker: str,
        given: Callable[[bytes], None],
        lost: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._channel = connection.keys.served(worker)
        self._given = given
        self._lost = lost
        self.listens = False
        self.rested = False
        self.latest = ""

    def flags(self, *, wants: bool) -> int:
        """What the next exchange says of the rest before it, and of the one after it."""
        return (RESTED if self.rested else 0) + (RESTS if wants and self.listens else 0)

    def not_given(self, got: Exchanged) -> list[Lease]:
        """Those of an answer's jobs that no message has brought; none will bring them later."""
        leases = [lease for lease in got.jobs if lease.token != self.latest]
        if got.again and got.jobs:
            # The message may come behind the answer.
            self.latest = got.jobs[0].token
        return leases

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            over = asyncio.Event()
            try:
                heard = partial(self._heard, over)
                subscription = await self._connection.asubscribe(self._channel, heard)
                self.listens = True
                try:
                    await over.wait()
                finally:
                    self.listens = False
                    subscription.close()
                if self.rested:
                    self._lost()
            except ServerError as error:
                log.debug("jobs cannot be given to this worker straight: %s", error)
            await asyncio.sleep(random.uniform(0.2, 1.0))

    def _heard(self, over: asyncio.Event, message: bytes | ConnectionLost) -> None:
        if isinstance(message, ConnectionLost):
            over.set()
        else:
            self._given(message)
