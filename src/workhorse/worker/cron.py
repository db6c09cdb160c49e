"""A worker's part in cron: it fires the entries that the server says are due.

It hears of them in the answer to an exchange. A worker that is full makes none, so it looks by
itself when its last heartbeat has said that an entry will be due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from functools import cache
from typing import Any, Final

from workhorse.codec import Codec
from workhorse.connection import Connection
from workhorse.drivers import arun
from workhorse.effects import Flow
from workhorse.envelopes import codec_for
from workhorse.exceptions import ConnectionLost, ServerError, WorkhorseError
from workhorse.keys import Keys
from workhorse.ops import cron

log = logging.getLogger("workhorse.cron")

LATER: Final = 60_000
"""When to look again at an entry that cannot be fired here, ms: another worker may do better."""

News = Iterable[tuple[str, str]]
"""What the answer to an exchange tells: kind and word."""


def due_in(news: News) -> list[str]:
    """The entries that are due."""
    return [name for kind, name in news if kind == "cron"]


@cache
def signer() -> Codec:
    """Signs the jobs of entries. It never decodes: which serializer they have is all the same."""
    return codec_for()


def fire_all(keys: Keys, names: Iterable[str]) -> Flow[int | None]:
    """Fire what is due of some entries; one that cannot be fired is told, and holds up no other.

    Returns:
        How long until the first of them is due again, ms; None if that is not known here.

    Raises:
        ConnectionLost: The server is away; another worker will be told of them.
    """
    waits = []
    for name in names:
        try:
            fired = yield from cron.fire(keys, signer(), name)
        except ConnectionLost:
            raise
        except ServerError as error:
            log.error("cron entry %s cannot be fired: %s", name, error)  # noqa: TRY400 - the text says all
        except (WorkhorseError, ValueError, OverflowError, OSError) as error:
            log.error("cron entry %s cannot be fired here: %s", name, error)  # noqa: TRY400 - likewise
            yield from cron.delay(keys, name, LATER)
        else:
            for job_id in fired.job_ids:
                log.info("cron entry %s fired job %s", name, job_id)
            if fired.due is not None:
                waits.append(max(0, fired.due - fired.now))
    return min(waits, default=None)


def fire_due(keys: Keys) -> Flow[int | None]:
    """`fire_all` for the entries that are due now."""
    return (yield from fire_all(keys, (yield from cron.due(keys))))


class Clockwork:
    """Fires entries beside everything else that a worker does.

    Args:
        connection: The way to the server.
        full: Whether the worker has no room for jobs, and so exchanges none.
        fired: Called when something may have been fired.
    """

    def __init__(
        self, connection: Connection, full: Callable[[], bool], fired: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._full = full
        self._fired = fired
        self._names: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether it is at it."""
        return self._task is not None

    def hear(self, news: News) -> None:
        """The server has told what is due."""
        names = due_in(news)
        self._names.update(dict.fromkeys(names))
        if names and self._task is None:
            self._begin(self._fire_all())

    def expect(self, wait: int | None) -> None:
        """An entry is due in so many ms; None: none is, as far as anybody knows."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wait is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(1, wait) / 1000, self._look)

    def _look(self) -> None:
        # Who has room exchanges jobs when something is due, and hears of it so.
        if self._task is None and self._full():
            self._begin(self._fire_due())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)

    async def _fire_all(self) -> None:
        while self._names:
            names = list(self._names)
            self._names.clear()
            await self._play(fire_all(self._connection.keys, names))
        self._end()

    async def _fire_due(self) -> None:
        await self._play(fire_due(self._connection.keys))
        self._end()

    async def _play(self, flow: Flow[int | None]) -> None:
        try:
            self.expect(await arun(self._connection, flow))
        except ServerError as error:
            log.warning("cannot fire cron entries: %s", error)
        except Exception:
            # A defect here must not keep the worker from its jobs, nor from ending.
            log.exception("cannot fire cron entries")

    def _end(self) -> None:
        self._task = None
        if self._names:
            self._begin(self._fire_all())
        self._fired()
