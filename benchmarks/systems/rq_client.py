"""The client program of RQ."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Sequence

import redis  # type: ignore[import-not-found,unused-ignore]  # in RQ's environment it is
import rq  # type: ignore[import-not-found,unused-ignore]  # likewise
import rq.job  # type: ignore[import-not-found,unused-ignore]  # likewise

from benchmarks.jobs import noop
from benchmarks.systems.serving import serve


class RqAdapter:
    """Its public API, as its documentation shows it."""

    def __init__(self, url: str) -> None:
        self._connection = redis.Redis.from_url(url)
        self._queue = rq.Queue(connection=self._connection)

    def one(self, index: int) -> rq.job.Job:
        """Enqueue one job."""
        return self._queue.enqueue(noop, index)

    def many(self, indices: Sequence[int]) -> Sequence[rq.job.Job]:
        """Enqueue them all with one call."""
        prepare = rq.Queue.prepare_data
        jobs: list[rq.job.Job] = self._queue.enqueue_many([prepare(noop, (i,)) for i in indices])
        return jobs

    def some(self, indices: Sequence[int]) -> Awaitable[Sequence[rq.job.Job]]:
        """It has no asynchronous client."""
        raise NotImplementedError

    def waiting(self) -> int:
        """How many jobs are ready in the queue."""
        return self._queue.count  # type: ignore[no-any-return,unused-ignore]  # see above

    def wait(self, job: rq.job.Job, timeout: float) -> object:
        """The job's result; this blocks on the server."""
        return job.latest_result(timeout=round(timeout)).return_value

    def result(self, job_id: str) -> object:
        """The result of a finished job."""
        return rq.job.Job.fetch(job_id, connection=self._connection).return_value()


if __name__ == "__main__":
    serve(RqAdapter(sys.argv[1]))
