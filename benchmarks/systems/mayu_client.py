"""The client program of mayu, and its app."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import mayu

from benchmarks import jobs
from benchmarks.systems import serving

app = mayu.App(broker=os.environ["BENCHMARK_URL"], result_ttl=3600)
TASKS = {
    job.__name__: app.task(
        **({"max_retries": 1, "retry_on": (jobs.Unlucky,)} if job is jobs.flaky else {})
    )(job)
    for job in jobs.SYNC
}


@app.task
def afterwards(before: int, index: int) -> int:
    """Run as the second of a chain; it is given what the first one returned."""
    return jobs.after(index, before)


class MayuAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def one(self, task: str, args: serving.Args) -> Any:
        return TASKS[task].send(*args)

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return TASKS[task].send(*args, countdown=max(delay, 0))

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[Any]:
        (task, args), (_, (index, _before)) = first, second
        return TASKS[task].send(*args, link=afterwards.s(index)), None

    async def wait(self, job: Any, timeout: float) -> object:
        return job.result(timeout=timeout)


ADAPTER = MayuAdapter
