"""The client program of blitzq, and its queue."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import blitzq

from benchmarks import jobs
from benchmarks.systems import serving

queue = blitzq.Queue(
    redis_url=os.environ["BENCHMARK_URL"], mode=os.environ.get("BENCHMARK_MODE", "reliable")
)
_POLICY = blitzq.RetryPolicy(
    initial_delay=jobs.RETRY_DELAY, max_delay=jobs.RETRY_DELAY, jitter=False
)
TASKS = {
    job.__name__: queue.task(
        **({"retries": 1, "retry_policy": _POLICY} if "flaky" in job.__name__ else {})
    )(job)
    for job in jobs.ASYNC
}


class BlitzqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        await queue.connect()

    async def one(self, task: str, args: serving.Args) -> Any:
        return await TASKS[task].enqueue(*args)

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[Any]:
        return await TASKS[task].enqueue_many(calls)

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return await TASKS[task].options(delay=delay).enqueue(*args)

    async def wait(self, job: Any, timeout: float) -> object:
        return await queue.get_result(job.id, timeout=timeout)


ADAPTER = BlitzqAdapter
