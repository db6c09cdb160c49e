"""The asyncio links of a connection: for each event loop one for commands and one to listen.

This module is loaded when the first of them is needed, for `asyncio` takes long to import.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from workhorse.links.aio import AsyncLink


class SharedLink:
    """One `AsyncLink` for all tasks of a loop, opened when needed and when it broke.

    Tasks that ask at the same time share one attempt, and one that is cancelled does not
    end it for the others.
    """

    def __init__(self, open_link: Callable[[], Awaitable[AsyncLink]]) -> None:
        self._open_link = open_link
        self._opening: asyncio.Task[AsyncLink] | None = None
        self._link: AsyncLink | None = None

    async def get(self, epoch: int) -> AsyncLink:
        """The link; one that is closed or of another *epoch* is replaced.

        Raises:
            ConnectionLost: The server cannot be reached.
            ServerError: It refused the login.
        """
        link = self._link
        if link is not None:
            if link.epoch == epoch and not link.closed:
                return link
            link.close()
            self._link = None
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
            self._opening.add_done_callback(_retrieve)
        return await asyncio.shield(self._opening)

    def now(self, epoch: int) -> AsyncLink | None:
        """The link, if there is one that can be used."""
        link = self._link
        return link if link is not None and link.epoch == epoch and not link.closed else None

    def close(self) -> None:
        """Close the link; the next `get` opens another."""
        if self._link is not None:
            self._link.close()
            self._link = None

    async def _open(self) -> AsyncLink:
        try:
            self._link = await self._open_link()
            return self._link
        finally:
            self._opening = None


class LoopLinks:
    """The two shared links of one event loop."""

    def __init__(self, open_link: Callable[[], Awaitable[AsyncLink]]) -> None:
        self.commands = SharedLink(open_link)
        self.listening = SharedLink(open_link)
        self._guard: AsyncGenerator[None, None] | None = None

    async def guard(self) -> None:
        """See to it that the links are closed when the loop is shut down."""
        if self._guard is None:
            # asyncio.run() finishes open asynchronous generators before it closes the loop, and
            # there is no other hook; without it each run would end with an unclosed transport.
            self._guard = self._until_shutdown()
            await anext(self._guard)

    def close(self) -> None:
        """Close both links."""
        self.commands.close()
        self.listening.close()

    async def _until_shutdown(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self.close()
            self._guard = None  # it refers to the loop, which is to be forgotten


def _retrieve(task: asyncio.Task[AsyncLink]) -> None:
    """Look at the error, so that asyncio does not report it if all who waited are gone."""
    if not task.cancelled():
        task.exception()
