"""The client program of Dramatiq, and its actors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks import jobs
from benchmarks.systems import serving

_URL = os.environ["BENCHMARK_URL"]
_DAY = 86_400_000
backend = RedisBackend(url=_URL)
broker = RedisBroker(url=_URL)
broker.add_middleware(Results(backend=backend))
dramatiq.set_broker(broker)
ACTORS = {
    job.__name__: dramatiq.actor(
        store_results=True,
        result_ttl=_DAY,
        max_retries=1,
        min_backoff=1,
        max_backoff=1,
    )(job)
    for job in jobs.SYNC
}


class DramatiqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def one(self, task: str, args: serving.Args) -> Any:
        return ACTORS[task].send(*args)

    async def later(self, task: str, args: serving.Args, delay: float) -> Any:
        return ACTORS[task].send_with_options(args=args, delay=max(1, round(delay * 1000)))

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[Any]:
        steps = [
            ACTORS[task].message_with_options(args=args, pipe_ignore=True)
            for task, args in (first, second)
        ]
        ran = dramatiq.pipeline(steps).run()
        return ran.messages

    async def wait(self, job: Any, timeout: float) -> object:
        return job.get_result(backend=backend, block=True, timeout=round(timeout * 1000))


ADAPTER = DramatiqAdapter
