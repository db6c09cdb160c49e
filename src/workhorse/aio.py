"""`AsyncQueue` and `AsyncJob`: the same queues and jobs, for asyncio.

Their methods are those of `Queue` and `Job`, awaited. What is a property there and must ask
the server is a method here: `await job.is_finished()`. What a handle has seen stays a property.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, Unpack

from workhorse import calls
from workhorse.aiojob import AsyncJob
from workhorse.drivers import arun
from workhorse.flows import as_id
from workhorse.ops import queues
from workhorse.options import CallOptions, Duration, EnqueueData
from workhorse.queueflows import QueueFlows
from workhorse.registry import RegistryFlows
from workhorse.snapshots import JobSnapshot
from workhorse.sources import Source

__all__ = ["AsyncJob", "AsyncQueue", "AsyncRegistry", "EnqueueData"]


class AsyncQueue(QueueFlows[AsyncJob]):
    """A named list of jobs that are ready to run; see `Queue`."""

    _job = AsyncJob

    @classmethod
    async def all(cls, connection: object = None, serializer: object = None) -> list[Self]:
        """All queues that hold jobs or have held some, by name."""
        way = Source(connection).connection
        found = await arun(way, queues.names(way.keys))
        return [cls(name, way, serializer=serializer) for name in found]

    # Enqueueing

    async def enqueue(
        self,
        f: Callable[..., Any] | str,
        /,
        *args: Any,  # noqa: ANN401 - the function's
        **kwargs: Any,  # noqa: ANN401 - the function's
    ) -> AsyncJob:
        """Store a call and put it at the tail of this queue; see `Queue.enqueue`."""
        return await arun(self._way, self._storing(calls.parse(f, args, kwargs)))

    async def enqueue_call(
        self,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncJob:
        """`enqueue` with the function's arguments apart from the options."""
        call = calls.prepare(func, args, kwargs, options)
        return await arun(self._way, self._storing(call))

    async def enqueue_at(
        self,
        when: datetime,
        f: Callable[..., Any] | str,
        /,
        *args: Any,  # noqa: ANN401 - the function's
        **kwargs: Any,  # noqa: ANN401 - the function's
    ) -> AsyncJob:
        """`enqueue`, but not before a moment; see `Queue.enqueue_at`."""
        call = calls.parse(f, args, kwargs)
        return await arun(self._way, self._storing(call, due=calls.moment(when)))

    async def enqueue_in(
        self,
        time_delta: Duration,
        f: Callable[..., Any] | str,
        /,
        *args: Any,  # noqa: ANN401 - the function's
        **kwargs: Any,  # noqa: ANN401 - the function's
    ) -> AsyncJob:
        """`enqueue`, but not before some time has gone by; see `Queue.enqueue_in`."""
        call = calls.parse(f, args, kwargs)
        return await arun(self._way, self._storing(call, delay=calls.pause(time_delta)))

    async def enqueue_many(self, job_datas: Iterable[EnqueueData]) -> list[AsyncJob]:
        """Enqueue many calls, in order, in few round trips; see `Queue.enqueue_many`."""
        return await arun(self._way, self._storing_many(job_datas))

    @staticmethod
    def prepare_data(
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> EnqueueData:
        """One call for `enqueue_many`; the options are those of `enqueue_call`."""
        return calls.prepare(func, args, kwargs, options)

    # Looking

    async def count(self) -> int:
        """How many jobs are ready."""
        return await arun(self._way, self._count())

    async def is_empty(self) -> bool:
        """Whether no job is ready."""
        return await self.count() == 0

    async def job_ids(self) -> list[str]:
        """The ids of all jobs that are ready, the next to run first."""
        return await self.get_job_ids()

    async def jobs(self) -> list[AsyncJob]:
        """All jobs that are ready, the next to run first."""
        return await self.get_jobs()

    async def get_job_ids(self, offset: int = 0, length: int = -1) -> list[str]:
        """The ids of up to `length` jobs that are ready (-1: all), from index `offset`."""
        return await arun(self._way, self._job_ids(offset, length))

    async def get_jobs(self, offset: int = 0, length: int = -1) -> list[AsyncJob]:
        """Up to `length` jobs that are ready (-1: all), from index `offset`."""
        return await arun(self._way, self._jobs(offset, length))

    async def fetch_job(self, job_id: str) -> AsyncJob | None:
        """The job, or None if there is none of that id in this queue or its registries."""
        return await arun(self._way, self._fetch_job(job_id))

    async def get_job_position(self, job_or_id: JobSnapshot | str) -> int | None:
        """How many jobs are ahead of this one; None if it is not in the queue. O(n)."""
        return await arun(self._way, self._position(as_id(job_or_id)))

    # Clearing

    async def empty(self) -> int:
        """Delete all jobs that are ready; returns how many there were."""
        return await arun(self._way, self._empty())

    async def delete(self, delete_jobs: bool = True) -> None:  # noqa: FBT001, FBT002 - as in RQ
        """Empty the queue and take it off the list of queues; see `Queue.delete`."""
        await arun(self._way, self._delete(delete_jobs=delete_jobs))

    async def remove(self, job_or_id: JobSnapshot | str) -> None:
        """Cancel a job that is ready; see `Queue.remove`."""
        await arun(self._way, self._remove(as_id(job_or_id)))

    async def suspend(self, ttl: Duration | None = None) -> None:
        """Let workers take no more of its jobs; see `Queue.suspend`."""
        await arun(self._way, self._suspend(ttl))

    async def resume(self) -> bool:
        """Let workers take its jobs again; see `Queue.resume`."""
        return await arun(self._way, self._resume())

    async def is_suspended(self) -> bool:
        """Whether it is suspended, by itself or with all queues."""
        return await arun(self._way, self._is_suspended())

    # The registries

    @property
    def started_job_registry(self) -> AsyncRegistry:
        """The jobs that run."""
        return AsyncRegistry("started", self)

    @property
    def finished_job_registry(self) -> AsyncRegistry:
        """The jobs that have finished and are still kept."""
        return AsyncRegistry("finished", self)

    @property
    def failed_job_registry(self) -> AsyncRegistry:
        """The jobs that failed for good."""
        return AsyncRegistry("failed", self)

    @property
    def deferred_job_registry(self) -> AsyncRegistry:
        """The jobs that wait for other jobs."""
        return AsyncRegistry("deferred", self)

    @property
    def scheduled_job_registry(self) -> AsyncRegistry:
        """The jobs that wait for their time."""
        return AsyncRegistry("scheduled", self)

    @property
    def canceled_job_registry(self) -> AsyncRegistry:
        """The jobs that were canceled."""
        return AsyncRegistry("canceled", self)


class AsyncRegistry(RegistryFlows):
    """The jobs of a queue that are in one state; see `registry.Registry`.

    Args:
        kind: The state: 'started', 'finished', 'failed', 'deferred', 'scheduled' or 'canceled'.
        queue: The queue.
    """

    def __init__(self, kind: str, queue: QueueFlows[Any]) -> None:
        super().__init__(queue=queue)
        self.kind = kind

    async def count(self) -> int:
        """How many jobs there are."""
        return await arun(self._way, self._count())

    async def get_job_count(self, cleanup: bool = True) -> int:  # noqa: ARG002, FBT001, FBT002 - as in RQ
        """How many jobs there are; `cleanup` has no meaning here, as nothing needs it."""
        return await self.count()

    async def contains(self, job: JobSnapshot | str) -> bool:
        """Whether the job is in this state."""
        return await arun(self._way, self._contains(as_id(job)))

    async def get_job_ids(
        self,
        start: int = 0,
        end: int = -1,
        desc: bool = False,  # noqa: FBT001, FBT002 - as in RQ
        cleanup: bool = True,  # noqa: ARG002, FBT001, FBT002 - as in RQ
    ) -> list[str]:
        """The ids from index `start` to `end`, both included, -1 being the last."""
        return await arun(self._way, self._ids(start, end, desc=desc))

    async def get_expiration_time(self, job: JobSnapshot | str) -> datetime | None:
        """When the job leaves the registry by itself, aware UTC; None for never."""
        return await arun(self._way, self._time(as_id(job)))

    async def remove(self, job: JobSnapshot | str, delete_job: bool = False) -> None:  # noqa: FBT001, FBT002 - as in RQ
        """Take a job that has ended out of the registry; see `Registry.remove`."""
        await arun(self._way, self._remove(as_id(job), delete_job=delete_job))

    async def requeue(self, job_or_id: JobSnapshot | str, at_front: bool = False) -> AsyncJob:  # noqa: FBT001, FBT002 - as in RQ
        """Run a job that has ended once more; see `Registry.requeue`."""
        job = AsyncJob(as_id(job_or_id), self._source)
        await arun(self._way, self._requeue(job.id, at_front=at_front))
        return job
