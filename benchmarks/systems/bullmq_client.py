"""The client program of BullMQ's Python port."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import bullmq

from benchmarks import jobs
from benchmarks.systems import serving


class BullmqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        self._queue = bullmq.Queue("benchmark", {"connection": self.url})

    async def one(self, task: str, args: serving.Args) -> Any:
        return await self._queue.add(task, args)

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[Any]:
        return await self._queue.addBulk([{"name": task, "data": args} for args in calls])

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return await self._queue.add(task, args, {"delay": round(delay * 1000)})

    async def retried(self, task: str, args: serving.Args) -> Any:
        backoff = {"type": "fixed", "delay": round(jobs.RETRY_DELAY * 1000)}
        return await self._queue.add(task, args, {"attempts": 2, "backoff": backoff})

    async def waiting(self) -> int:
        return await self._queue.getWaitingCount()

    async def result(self, job: Any) -> object:
        found = await bullmq.Job.fromId(self._queue, job.id)
        value = found and found.returnvalue
        return json.loads(value) if isinstance(value, str) and value.isdigit() else value


ADAPTER = BullmqAdapter
