"""The client program of ChasquiMQ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import chasquimq

from benchmarks import jobs
from benchmarks.systems import serving


class ChasquimqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        self._queue = chasquimq.Queue("benchmark", redis_url=self.url)

    async def one(self, task: str, args: serving.Args) -> Any:
        return await self._queue.add(task, list(args))

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[Any]:
        return await self._queue.add_bulk([{"name": task, "data": list(args)} for args in calls])

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return await self._queue.add(task, list(args), delay_ms=round(delay * 1000))

    async def retried(self, task: str, args: serving.Args) -> Any:
        backoff = chasquimq.BackoffSpec.fixed(round(jobs.RETRY_DELAY * 1000))
        return await self._queue.add(task, list(args), attempts=2, backoff=backoff)

    async def wait(self, job: Any, timeout: float) -> object:
        return await job.wait_for_result(timeout=timeout, poll_interval=serving.POLL)


ADAPTER = ChasquimqAdapter
