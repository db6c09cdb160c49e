"""The client program of Huey, and its tasks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import huey as library

from benchmarks import jobs
from benchmarks.systems import serving

huey = library.RedisHuey("benchmark", url=os.environ["BENCHMARK_URL"])
_RETRIED = {"retries": 1, "retry_delay": 0}
TASKS = {
    job.__name__: huey.task(**(_RETRIED if job is jobs.flaky else {}))(job) for job in jobs.SYNC
}


class HueyAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def one(self, task: str, args: serving.Args) -> Any:
        return TASKS[task](*args)

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return TASKS[task].schedule(args=args, delay=delay)

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[Any]:
        (task, args), (then, (index, _before)) = first, second
        # What the first one returns is added to the arguments of the second.
        steps = huey.enqueue(TASKS[task].s(*args).then(TASKS[then], index))
        return list(steps)

    async def waiting(self) -> int:
        return len(huey)

    async def wait(self, job: Any, timeout: float) -> object:
        return job.get(
            blocking=True, timeout=timeout, backoff=1, max_delay=serving.POLL, preserve=True
        )


ADAPTER = HueyAdapter
