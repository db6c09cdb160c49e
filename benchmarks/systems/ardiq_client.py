"""The client program of ardiq, and its app."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import ardiq

from benchmarks import jobs
from benchmarks.systems import serving

app = ardiq.Ardiq(redis_url=os.environ["BENCHMARK_URL"])
TASKS = {
    job.__name__: app.task(max_retries=1, backoff_ms=round(jobs.RETRY_DELAY * 1000))(job)
    for job in jobs.ASYNC
}


class ArdiqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def one(self, task: str, args: serving.Args) -> Any:
        return await TASKS[task].enqueue(*args)

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[Any]:
        prepare = TASKS[task].prepare
        return await app.enqueue_many([prepare(*args) for args in calls])

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return await TASKS[task].options(delay_ms=max(1, round(delay * 1000))).enqueue(*args)

    async def waiting(self) -> int:
        return await app.queue_size()

    async def wait(self, job: Any, timeout: float) -> object:
        return (await job.result(timeout=timeout)).value


ADAPTER = ArdiqAdapter
