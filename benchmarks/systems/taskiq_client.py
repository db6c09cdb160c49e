"""The client program of Taskiq, and its broker."""

from __future__ import annotations

import os
from typing import Any

import taskiq
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks import jobs
from benchmarks.systems import serving

_URL = os.environ["BENCHMARK_URL"]
_backend: RedisAsyncResultBackend[Any] = RedisAsyncResultBackend(_URL)
broker = (
    RedisStreamBroker(_URL)
    .with_result_backend(_backend)
    .with_middlewares(taskiq.SimpleRetryMiddleware(default_retry_count=2))
)
TASKS = {
    job.__name__: broker.task(task_name=job.__name__, retry_on_error="flaky" in job.__name__)(job)
    for job in jobs.EVERY
}


class TaskiqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        await broker.startup()

    async def one(self, task: str, args: serving.Args) -> Any:
        return await TASKS[task].kiq(*args)

    async def wait(self, job: Any, timeout: float) -> object:
        result = await job.wait_result(check_interval=serving.POLL, timeout=timeout)
        return result.return_value


ADAPTER = TaskiqAdapter
