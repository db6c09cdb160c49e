"""The client program of Workhorse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks import jobs
from benchmarks.systems import serving
from workhorse import AsyncJob, AsyncQueue, Job, Queue, Retry, connect


class WorkhorseAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        self._connection = connect(self.url)
        self._queue = Queue(connection=self._connection)
        self._aqueue = AsyncQueue(connection=self._connection)

    async def one(self, task: str, args: serving.Args) -> Job:
        return self._queue.enqueue(getattr(jobs, task), *args)

    async def many(self, task: str, calls: Sequence[serving.Args]) -> Sequence[Job]:
        function = getattr(jobs, task)
        return self._queue.enqueue_many([Queue.prepare_data(function, args) for args in calls])

    async def concurrent(self, task: str, args: serving.Args) -> AsyncJob:
        return await self._aqueue.enqueue(getattr(jobs, task), *args)

    async def later(self, task: str, args: serving.Args, delay: float) -> Job:
        return self._queue.enqueue_in(delay, getattr(jobs, task), *args)

    async def retried(self, task: str, args: serving.Args) -> Job:
        return self._queue.enqueue(getattr(jobs, task), *args, retry=Retry(max=1))

    async def chain(
        self, first: tuple[str, serving.Args], second: tuple[str, serving.Args]
    ) -> Sequence[Job]:
        before = await self.one(*first)
        task, args = second
        return before, self._queue.enqueue(getattr(jobs, task), *args, depends_on=before)

    async def waiting(self) -> int:
        return self._queue.count

    async def wait(self, job: Job, timeout: float) -> object:
        job.wait(timeout)
        return job.return_value()

    async def result(self, job: Any) -> object:
        return Job.fetch(job.id, connection=self._connection).return_value()


ADAPTER = WorkhorseAdapter
