"""One way to speak to a queue and its jobs, through `Queue` and `Job` or their asyncio twins."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from workhorse import limits
from workhorse.aio import AsyncJob, AsyncQueue
from workhorse.connection import Connection
from workhorse.group import AsyncGroup, Group
from workhorse.job import Job
from workhorse.queue import Queue


class Client:
    """Calls methods and reads properties; what has to be awaited is awaited.

    `client.wait(job, 5)` is `job.wait(5)`, or the same awaited.
    """

    def __init__(self, kind: str, connection: Connection) -> None:
        self.kind = kind
        self.connection = connection
        self._runner = asyncio.Runner() if kind == "asyncio" else None

    def queue(self, name: str = "default", **options: Any) -> Queue | AsyncQueue:
        """A queue of this kind."""
        make = Queue if self._runner is None else AsyncQueue
        return make(name, self.connection, **options)

    def fetch(self, job_id: str, **options: Any) -> Any:
        """`Job.fetch`, or its twin."""
        return self._done(
            (Job if self._runner is None else AsyncJob).fetch(job_id, self.connection, **options)
        )

    def group(self, name: str | None = None, **options: Any) -> Any:
        """`Group.create`, or its twin."""
        return self._done(self._groups.create(self.connection, name, **options))

    def fetch_group(self, name: str) -> Any:
        """`Group.fetch`, or its twin."""
        return self._done(self._groups.fetch(name, self.connection))

    def all_groups(self) -> Any:
        """`Group.all`, or its twin."""
        return self._done(self._groups.all(self.connection))

    def limits_in_use(self) -> Any:
        """`limits.in_use`, or its twin."""
        return self._done(
            (limits.in_use if self._runner is None else limits.ain_use)(self.connection)
        )

    @property
    def _groups(self) -> type[Group | AsyncGroup]:
        return Group if self._runner is None else AsyncGroup

    def __getattr__(self, name: str) -> Any:
        def speak(to: Any, *args: Any, **kwargs: Any) -> Any:
            found = getattr(to, name)
            return self._done(found(*args, **kwargs) if inspect.ismethod(found) else found)

        return speak

    def close(self) -> None:
        """Close what it opened."""
        if self._runner is not None:
            self._runner.run(self.connection.aclose())
            self._runner.close()

    def _done(self, found: Any) -> Any:
        if inspect.iscoroutine(found):
            assert self._runner is not None
            return self._runner.run(found)
        return found
