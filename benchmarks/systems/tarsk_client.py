"""The client program of tarsk, and its app."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import tarsk

from benchmarks import jobs
from benchmarks.systems import serving

app = tarsk.App(broker=os.environ["BENCHMARK_URL"])
_KEPT = 500.0
TASKS = {
    job.__name__: app.task(
        name=job.__name__, result_ttl=_KEPT, retries=1 if job is jobs.flaky else 0
    )(job)
    for job in jobs.SYNC
}


class TarskAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def one(self, task: str, args: serving.Args) -> str:
        return TASKS[task].send(*args)

    async def later(self, task: str, args: serving.Args, delay: float) -> str:
        return TASKS[task].send_in(max(delay, 0.001), *args)

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[Any]:
        steps = [TASKS[task].si(*args) for task, args in (first, second)]
        return None, tarsk.chain(*steps).send()

    async def wait(self, job: str, timeout: float) -> object:
        return app.result(job).get(timeout=timeout, poll=serving.POLL)


ADAPTER = TarskAdapter
