"""The client program of TaskTiger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import redis
import tasktiger

from benchmarks import jobs
from benchmarks.systems import serving


class TasktigerAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        connection = redis.Redis.from_url(self.url, decode_responses=True)
        self._tiger = tasktiger.TaskTiger(connection=connection)

    async def one(self, task: str, args: serving.Args) -> Any:
        return self._tiger.delay(getattr(jobs, task), args=args)

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return self._tiger.delay(getattr(jobs, task), args=args, when=timedelta(seconds=delay))

    async def retried(self, task: str, args: serving.Args) -> Any:
        policy = tasktiger.fixed(jobs.RETRY_DELAY, 1)
        return self._tiger.delay(
            getattr(jobs, task), args=args, retry_on=[jobs.Unlucky], retry_method=policy
        )


ADAPTER = TasktigerAdapter
