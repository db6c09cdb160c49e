"""The client program of streaQ, and its worker."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any

import streaq

from benchmarks import jobs
from benchmarks.systems import serving

worker: streaq.Worker[Any] = streaq.Worker(
    redis_url=os.environ["BENCHMARK_URL"],
    concurrency=int(os.environ.get("BENCHMARK_CONCURRENCY", "16")),
)
TASKS = {job.__name__: worker.task(job) for job in jobs.ASYNC if job is not jobs.aflaky}


@worker.task
async def aflaky(index: int) -> int:
    """Fail at the first try; only this exception is tried again."""
    try:
        return await jobs.aflaky(index)
    except jobs.Unlucky as error:
        raise streaq.StreaqRetry(delay=0) from error


TASKS["aflaky"] = aflaky


@worker.task
async def afterwards(before: int, *, index: int) -> int:
    """Run as the second of a chain; it is given what the first one returned."""
    return await jobs.aafter(index, before)


class StreaqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        self._stack = contextlib.AsyncExitStack()
        await self._stack.enter_async_context(worker)

    async def one(self, task: str, args: serving.Args) -> Any:
        return await TASKS[task].enqueue(*args)

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[Any]:
        tasks = [TASKS[task].enqueue(*args) for args in calls]
        await worker.enqueue_many(tasks)
        return tasks

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return await TASKS[task].enqueue(*args).start(delay=delay)

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[Any]:
        (task, args), (_, (index, _before)) = first, second
        before = TASKS[task].enqueue(*args)
        last = await before.then(afterwards, index=index)
        return before, last

    async def waiting(self) -> int:
        return await worker.queue_size()

    async def wait(self, job: Any, timeout: float) -> object:
        return (await job.result(round(timeout) or 1)).result


ADAPTER = StreaqAdapter
