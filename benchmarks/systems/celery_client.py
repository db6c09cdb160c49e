"""The client program of Celery, and its app."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import celery

from benchmarks import jobs
from benchmarks.systems import serving

app = celery.Celery(
    "benchmark", broker=os.environ["BENCHMARK_URL"], backend=os.environ["BENCHMARK_URL"]
)
TASKS = {job.__name__: app.task(job) for job in jobs.SYNC if job is not jobs.flaky}


@app.task(bind=True, max_retries=1, default_retry_delay=0)
def flaky(self: Any, index: int) -> int:
    """Fail at the first try."""
    try:
        return jobs.flaky(index)
    except jobs.Unlucky as error:
        raise self.retry(exc=error) from error


TASKS["flaky"] = flaky


class CeleryAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def one(self, task: str, args: serving.Args) -> Any:
        return TASKS[task].delay(*args)

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return TASKS[task].apply_async(args, countdown=delay)

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[Any]:
        steps = [TASKS[task].si(*args) for task, args in (first, second)]
        last = celery.chain(*steps).apply_async()
        return last.parent, last

    async def wait(self, job: Any, timeout: float) -> object:
        return job.get(timeout=timeout, interval=serving.POLL)


ADAPTER = CeleryAdapter
