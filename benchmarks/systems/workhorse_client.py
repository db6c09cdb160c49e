"""The client program of Workhorse."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from benchmarks.jobs import noop
from benchmarks.systems.serving import serve
from workhorse import AsyncJob, AsyncQueue, Job, Queue, connect


class WorkhorseAdapter:
    """Its public API, as its documentation shows it."""

    def __init__(self, url: str) -> None:
        self._connection = connect(url)
        self._queue = Queue(connection=self._connection)
        self._aqueue = AsyncQueue(connection=self._connection)

    def one(self, index: int) -> Job:
        """Enqueue one job."""
        return self._queue.enqueue(noop, index)

    def many(self, indices: Sequence[int]) -> Sequence[Job]:
        """Enqueue them all with one call."""
        prepare = Queue.prepare_data
        return self._queue.enqueue_many([prepare(noop, (i,)) for i in indices])

    async def some(self, indices: Sequence[int]) -> Sequence[AsyncJob]:
        """Enqueue each with a call of its own, all at the same time."""
        return await asyncio.gather(*(self._aqueue.enqueue(noop, index) for index in indices))

    def waiting(self) -> int:
        """How many jobs are ready in the queue."""
        return self._queue.count

    def wait(self, job: Job, timeout: float) -> object:
        """The job's result; this is notified."""
        job.wait(timeout)
        return job.return_value()

    def result(self, job_id: str) -> object:
        """The result of a finished job."""
        return Job.fetch(job_id, connection=self._connection).return_value()


if __name__ == "__main__":
    serve(WorkhorseAdapter(sys.argv[1]))
