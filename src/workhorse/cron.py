"""Calls that recur: `cron` and `register` write them down, `Cron` keeps them on the server.

There is no scheduler to start: whichever worker of the namespace is alive fires each occurrence,
once. See docs/cron.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from workhorse.aio import AsyncJob
from workhorse.cronentries import CronOptions, Definition, cron, define, register
from workhorse.cronflows import CronFlows, CronJobFlows, Firing, Loaded
from workhorse.drivers import arun, run
from workhorse.job import Job
from workhorse.options import Duration

__all__ = [
    "AsyncCron",
    "AsyncCronJob",
    "Cron",
    "CronJob",
    "CronOptions",
    "Definition",
    "Firing",
    "Loaded",
    "cron",
    "register",
]


class CronJob(CronJobFlows[Job]):
    """One cron entry, as it was when it was read; `Cron` gives them."""

    _job = Job

    def refresh(self) -> None:
        """Read it again.

        Raises:
            NoSuchCronError: It was removed.
        """
        run(self._way, self._refresh())

    def history(self, length: int = -1) -> list[Firing]:
        """What it has fired, newest first; at most 1000 are kept.

        Args:
            length: How many; -1 for all.
        """
        return run(self._way, self._history(length))

    def run(self) -> Job:
        """Enqueue its job now; its timetable stays as it is, and so does a pause.

        Raises:
            NoSuchCronError: It was removed.
        """
        return run(self._way, self._run())

    def pause(self) -> None:
        """Fire nothing until it is resumed.

        Raises:
            NoSuchCronError: It was removed.
        """
        run(self._way, self._pause())

    def resume(self) -> None:
        """Fire again, from the next time on: what was due meanwhile is not made up for.

        Raises:
            NoSuchCronError: It was removed.
        """
        run(self._way, self._resume())

    def remove(self) -> bool:
        """Forget it; jobs that it has fired stay. Whether it was there."""
        return run(self._way, self._remove())


class Cron(CronFlows[CronJob]):
    """The cron entries of a namespace.

    Args:
        connection: A URL, a `Connection`, or a client object of redis or valkey; left out: see
            `connect`.
        serializer: What encodes arguments, as for `Queue`.
        allow: For the default serializer: patterns of the classes that may travel.
    """

    _entry = CronJob

    def register(  # noqa: PLR0913 - RQ's signature
        self,
        func: Callable[..., Any] | str,
        queue_name: str = "default",
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        interval: Duration | None = None,
        cron: str | None = None,
        **options: Unpack[CronOptions],
    ) -> CronJob:
        """Store an entry, or replace the one of its name.

        With the same definition nothing changes. With the same timetable its next time stays.
        The arguments and errors are those of `workhorse.cron.register`, and those of
        `Queue.enqueue` where the call cannot work.
        """
        definition = define(func, queue_name, args, kwargs, interval, cron, **options)
        return run(self.connection, self._register(definition))

    def load(self, module: str, prune: bool = False) -> Loaded:  # noqa: FBT001, FBT002 - one flag, named by all
        """Import a module, and store the entries that it, and what it imports, has written down.

        Args:
            module: Its dotted name, or the path of a file.
            prune: Also remove entries that were loaded from it before and are not in it any more.

        Raises:
            ImportError: It cannot be imported.
            ValueError: Two different entries have the same name.
        """
        return run(self.connection, self._load(module, prune=prune))

    def get(self, name: str) -> CronJob:
        """One entry.

        Raises:
            NoSuchCronError: There is none of that name.
        """
        return run(self.connection, self._find(name))

    def all(self) -> list[CronJob]:
        """All entries, by name."""
        return run(self.connection, self._all())

    def exists(self, name: str) -> bool:
        """Whether there is an entry of that name."""
        return run(self.connection, self._exists(name))

    def remove(self, name: str) -> bool:
        """Forget an entry; jobs that it has fired stay. Whether there was one."""
        return run(self.connection, self._remove(name))


class AsyncCronJob(CronJobFlows[AsyncJob]):
    """`CronJob` for asyncio."""

    _job = AsyncJob

    async def refresh(self) -> None:
        """Read it again; see `CronJob.refresh`."""
        await arun(self._way, self._refresh())

    async def history(self, length: int = -1) -> list[Firing]:
        """What it has fired, newest first; see `CronJob.history`."""
        return await arun(self._way, self._history(length))

    async def run(self) -> AsyncJob:
        """Enqueue its job now; see `CronJob.run`."""
        return await arun(self._way, self._run())

    async def pause(self) -> None:
        """Fire nothing until it is resumed; see `CronJob.pause`."""
        await arun(self._way, self._pause())

    async def resume(self) -> None:
        """Fire again; see `CronJob.resume`."""
        await arun(self._way, self._resume())

    async def remove(self) -> bool:
        """Forget it; see `CronJob.remove`."""
        return await arun(self._way, self._remove())


class AsyncCron(CronFlows[AsyncCronJob]):
    """`Cron` for asyncio."""

    _entry = AsyncCronJob

    async def register(  # noqa: PLR0913 - RQ's signature
        self,
        func: Callable[..., Any] | str,
        queue_name: str = "default",
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        interval: Duration | None = None,
        cron: str | None = None,
        **options: Unpack[CronOptions],
    ) -> AsyncCronJob:
        """Store an entry, or replace the one of its name; see `Cron.register`."""
        definition = define(func, queue_name, args, kwargs, interval, cron, **options)
        return await arun(self.connection, self._register(definition))

    async def load(self, module: str, prune: bool = False) -> Loaded:  # noqa: FBT001, FBT002 - as in `Cron`
        """Import a module, and store its entries; see `Cron.load`."""
        return await arun(self.connection, self._load(module, prune=prune))

    async def get(self, name: str) -> AsyncCronJob:
        """One entry; see `Cron.get`."""
        return await arun(self.connection, self._find(name))

    async def all(self) -> list[AsyncCronJob]:
        """All entries, by name."""
        return await arun(self.connection, self._all())

    async def exists(self, name: str) -> bool:
        """Whether there is an entry of that name."""
        return await arun(self.connection, self._exists(name))

    async def remove(self, name: str) -> bool:
        """Forget an entry; see `Cron.remove`."""
        return await arun(self.connection, self._remove(name))
