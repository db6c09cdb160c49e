"""The client program of RQ."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import redis
import rq
import rq.job

from benchmarks import jobs
from benchmarks.systems import serving


class RqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        self._connection = redis.Redis.from_url(self.url)
        self._queue = rq.Queue(connection=self._connection)

    async def one(self, task: str, args: serving.Args) -> rq.job.Job:
        return self._queue.enqueue(getattr(jobs, task), *args)

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[rq.job.Job]:
        function, prepare = getattr(jobs, task), rq.Queue.prepare_data
        return self._queue.enqueue_many([prepare(function, args) for args in calls])

    async def later(self, task: str, args: serving.Args, delay: float) -> rq.job.Job:
        return self._queue.enqueue_in(timedelta(seconds=delay), getattr(jobs, task), *args)

    async def retried(self, task: str, args: serving.Args) -> rq.job.Job:
        return self._queue.enqueue(getattr(jobs, task), *args, retry=rq.Retry(max=1))

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[rq.job.Job]:
        before = await self.one(*first)
        task, args = second
        return before, self._queue.enqueue(getattr(jobs, task), *args, depends_on=before)

    async def waiting(self) -> int:
        return self._queue.count

    async def wait(self, job: rq.job.Job, timeout: float) -> object:
        return job.latest_result(timeout=round(timeout)).return_value

    async def result(self, job: rq.job.Job) -> object:
        return rq.job.Job.fetch(job.id, connection=self._connection).return_value()


ADAPTER = RqAdapter
