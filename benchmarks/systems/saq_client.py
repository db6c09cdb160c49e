"""The client program of SAQ, and the settings of its worker."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import saq

from benchmarks import jobs
from benchmarks.systems import serving

if os.environ.get("BENCHMARK_UVLOOP") == "1":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

_TIMEOUT = 60


def _task(job: Callable[..., Any]) -> tuple[str, Callable[..., Any]]:
    async def task(_context: object, *, args: list[Any]) -> Any:
        return await job(*args)

    return job.__name__, task


queue = saq.Queue.from_url(os.environ["BENCHMARK_URL"])
settings = {
    "queue": queue,
    "functions": [_task(job) for job in jobs.ASYNC],
    "concurrency": int(os.environ.get("BENCHMARK_CONCURRENCY", "10")),
}


class SaqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        await queue.connect()

    async def one(self, task: str, args: serving.Args) -> Any:
        return await queue.enqueue(task, args=args, timeout=_TIMEOUT)

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        due = time.time() + delay
        return await queue.enqueue(task, args=args, timeout=_TIMEOUT, scheduled=due)

    async def retried(self, task: str, args: serving.Args) -> Any:
        return await queue.enqueue(task, args=args, timeout=_TIMEOUT, retries=2)

    async def waiting(self) -> int:
        return await queue.count("queued")

    async def wait(self, job: Any, timeout: float) -> object:
        await job.refresh(timeout)
        return job.result

    async def result(self, job: Any) -> object:
        await job.refresh()
        return job.result


ADAPTER = SaqAdapter
