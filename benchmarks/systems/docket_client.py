"""The client program of docket, and its tasks."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import docket

from benchmarks import jobs
from benchmarks.systems import serving

_RETRY = docket.Retry(attempts=2, delay=timedelta(seconds=jobs.RETRY_DELAY))


async def aflaky(index: int, retry: docket.Retry = _RETRY) -> int:  # noqa: ARG001 - its way to ask
    """Fail at the first try."""
    return await jobs.aflaky(index)


tasks = [aflaky, *(job for job in jobs.ASYNC if job is not jobs.aflaky)]
TASKS = {task.__name__: task for task in tasks}


class DocketAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        self._stack = contextlib.AsyncExitStack()
        self._docket = await self._stack.enter_async_context(docket.Docket(url=self.url))
        for task in tasks:
            self._docket.register(task)

    async def one(self, task: str, args: serving.Args) -> Any:
        return await self._docket.add(TASKS[task])(*args)

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[Any]:
        # A call has a key of its own, by which it is known: one for each job.
        call, function = self._docket.call, TASKS[task]
        return await self._docket.add_many([call(function)(*args) for args in calls])

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        when = datetime.now(UTC) + timedelta(seconds=delay)
        return await self._docket.add(TASKS[task], when=when)(*args)

    async def wait(self, job: Any, timeout: float) -> object:
        return await job.get_result(timeout=timedelta(seconds=timeout))


ADAPTER = DocketAdapter
