"""How a worker waits for commands: at once, whatever else it does, on a connection of its own."""

from __future__ import annotations

import asyncio
import logging
import random
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from workhorse.connection import Connection
from workhorse.drivers import arun, encode, run
from workhorse.effects import command
from workhorse.exceptions import ServerError
from workhorse.links.blocking import Link
from workhorse.ops import inbox
from workhorse.ops.inbox import Answer

log = logging.getLogger("workhorse.worker")

BLOCK: Final = 5
"""How long to block on the inbox at a time, seconds."""
FAREWELL: Final = 2.0
"""How long a worker that ends tries to give its last answers, seconds."""

Take = Callable[[bytes, int], None]
"""Called with what lay in the inbox, and the server's time."""


class Inbox:
    """The inbox of a worker with an event loop."""

    def __init__(self, connection: Connection, worker: str) -> None:
        self._connection = connection
        self._key = connection.keys.inbox(worker)
        self._answers: set[asyncio.Task[None]] = set()

    async def listen(self, take: Take) -> None:
        """Take commands until cancelled; one that is lost with a connection is sent again."""
        while True:
            try:
                link = await self._connection.adedicated(reply_timeout=BLOCK + 10)
                try:
                    while True:
                        found = await link.request(("BLPOP", self._key, BLOCK))
                        if found is not None:
                            take(found[1], await arun(self._connection, inbox.server_time()))
                finally:
                    link.close()
            except ServerError as error:
                log.debug("the inbox is out of reach: %s", error)
                await asyncio.sleep(random.uniform(0.1, 0.5))

    def answer(self, nonce: str, said: Answer) -> None:
        """Answer a command, soon."""
        task = asyncio.get_running_loop().create_task(self._say(nonce, said))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def close(self) -> None:
        """Give the last answers."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=FAREWELL)

    async def _say(self, nonce: str, said: Answer) -> None:
        try:
            await arun(self._connection, inbox.answer(self._connection.keys, nonce, said))
        except ServerError as error:
            log.warning("a command could not be answered: %s", error)


class Alarm:
    """Wakes whoever waits for a link."""

    def __init__(self) -> None:
        self._there, self._here = socket.socketpair()
        self._here.setblocking(False)

    def ring(self) -> None:
        """Wake whoever waits now or later."""
        with suppress(OSError):  # it rings already, or is closed
            self._here.send(b"!")

    def reply(self, link: Link, packed: bytes, seconds: float) -> object:
        """The answer to a blocking command; None if the alarm rang before it came.

        Raises:
            ServerError: The server answered with an error, or not within the time, or is away.
        """
        link.post(packed, seconds)
        watch = select.poll()
        for end in (link, self._there):
            watch.register(end.fileno(), select.POLLIN)
        rung = {fd for fd, _ in watch.poll(seconds * 1000)}
        if self._there.fileno() in rung:
            return None
        reply = link.collect()[0]
        if isinstance(reply, ServerError):
            raise reply
        return reply

    def close(self) -> None:
        """It is of no use any more."""
        self._here.close()
        self._there.close()


class InboxThread(threading.Thread):
    """The inbox of a worker whose one thread is busy with jobs.

    Attributes:
        take: Called with each command; to be set before it starts.
    """

    take: Take

    def __init__(self, connection: Connection, worker: str) -> None:
        super().__init__(name="workhorse-inbox", daemon=True)
        self._connection = connection
        self._key = connection.keys.inbox(worker)
        self._alarm = Alarm()
        self._over = threading.Event()

    def run(self) -> None:
        """Take commands until it is closed."""
        while not self._over.is_set():
            try:
                self._listen(self._connection.dedicated())
            except ServerError as error:
                log.debug("the inbox is out of reach: %s", error)
                self._over.wait(random.uniform(0.1, 0.5))

    def answer(self, nonce: str, said: Answer) -> None:
        """Answer a command, from whichever thread."""
        try:
            run(self._connection, inbox.answer(self._connection.keys, nonce, said))
        except ServerError as error:
            log.warning("a command could not be answered: %s", error)

    def close(self) -> None:
        """Take no more."""
        self._over.set()
        self._alarm.ring()
        self.join(FAREWELL)
        if not self.is_alive():
            self._alarm.close()

    def _listen(self, link: Link) -> None:
        blocking = encode(command("BLPOP", self._key, BLOCK))
        try:
            while not self._over.is_set():
                found = self._alarm.reply(link, blocking, BLOCK + 10)
                if isinstance(found, list):
                    self.take(found[1], run(self._connection, inbox.server_time()))
        finally:
            link.close()
