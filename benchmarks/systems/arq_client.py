"""The client program of arq, and the settings of its worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import arq
from arq.connections import RedisSettings
from arq.jobs import Job
from arq.worker import func

from benchmarks import jobs
from benchmarks.systems import serving

_SETTINGS = RedisSettings.from_dsn(os.environ["BENCHMARK_URL"])


def _task(job: Callable[..., Any]) -> Any:
    async def task(_context: object, *args: Any) -> Any:
        try:
            return await job(*args)
        except jobs.Unlucky as error:  # only this exception is tried again
            raise arq.Retry(jobs.RETRY_DELAY) from error

    return func(task, name=job.__name__)


class WorkerSettings:
    """What its command reads."""

    functions = [_task(job) for job in jobs.ASYNC]  # noqa: RUF012 - its documentation has it so
    redis_settings = _SETTINGS
    max_jobs = int(os.environ.get("BENCHMARK_CONCURRENCY", "10"))
    poll_delay = float(os.environ.get("BENCHMARK_POLL_DELAY", "0.5"))


class ArqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        self._pool = await arq.create_pool(_SETTINGS)

    async def one(self, task: str, args: serving.Args) -> Job | None:
        return await self._pool.enqueue_job(task, *args)

    async def later(self, task: str, args: serving.Args, delay: float) -> Job | None:
        return await self._pool.enqueue_job(task, *args, _defer_by=delay)

    async def waiting(self) -> int:
        return int(await self._pool.zcard("arq:queue"))

    async def wait(self, job: Job, timeout: float) -> object:
        return await job.result(timeout, poll_delay=serving.POLL)


ADAPTER = ArqAdapter
