"""`Queue`: where a program puts its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, Unpack

from workhorse import calls
from workhorse.drivers import run
from workhorse.flows import as_id
from workhorse.job import Job
from workhorse.ops import queues
from workhorse.options import CallOptions, Duration, EnqueueData
from workhorse.queueflows import QueueFlows
from workhorse.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from workhorse.snapshots import JobSnapshot
from workhorse.sources import Source

__all__ = ["EnqueueData", "Queue"]


class Queue(QueueFlows[Job]):
    """A named list of jobs that are ready to run.

    Making one asks nothing of the server. Queues of one name are equal.

    Args:
        name: Its name.
        connection: A URL, a `Connection`, or a client object of redis or valkey; left out: see
            `connect`.
        default_timeout: How long its jobs may run; default 180 s, -1 for no limit.
        is_async: False runs each job at once, in this process; `enqueue` returns when it has
            ended, and does not raise what the job raises. Scheduled jobs still go to workers.
        serializer: What encodes arguments: None (plain Python values, safely), 'json', 'pickle'
            (anything; trusts whoever can write to the server), or an object with `dumps` and
            `loads`.
        allow: For the default serializer: patterns of the classes that may travel, such as
            'myapp.models.*'.
        default_result_ttl: How long its finished jobs are kept; default 500 s, and nothing of a
            job that returns None.
        on_crash: What becomes of a job whose worker vanished: 'retry' (default) or 'fail'.

    Raises:
        ValueError: The name, or a default, makes no sense.
    """

    _job = Job

    @classmethod
    def all(cls, connection: object = None, serializer: object = None) -> list[Self]:
        """All queues that hold jobs or have held some, by name."""
        way = Source(connection).connection
        found = run(way, queues.names(way.keys))
        return [cls(name, way, serializer=serializer) for name in found]

    # Enqueueing

    def enqueue(self, f: Callable[..., Any] | str, /, *args: Any, **kwargs: Any) -> Job:  # noqa: ANN401 - the function's
        """Store a call and put it at the tail of this queue.

        When this returns, the server has the job: it will run at least once, unless it is
        canceled, deleted, or outlives its `ttl`. Nothing is stored if an error is raised before
        the call reaches the server; a lost connection leaves that open.

        Durations are seconds, or text such as '90s', '3m', '1h', '2d', or timedeltas.

        Args:
            f: The function, or its dotted name; workers import it by name.
            *args: Its positional arguments.
            **kwargs: Its keyword arguments, but for these options:
                `job_timeout`: how long it may run; -1 for no limit.
                `result_ttl`: how long the job is kept once it has finished: 0 for not at all,
                -1 for ever.
                `failure_ttl`: the same once it has failed; default: a year.
                `ttl`: how long it may wait in the queue before it is dropped.
                `job_id`: letters, digits, '_' and '-'; a job of that id is replaced, unless it
                runs.
                `unique`: raise instead if there is a job of that `job_id`.
                `at_front`: put it at the head of the queue.
                `description`: one line for people.
                `meta`: a dictionary that travels with the job.
                `retry`: a `Retry`, or how many times to run it again after a failure.
                `on_crash`: what to do if its worker vanishes: 'retry' or 'fail'.
                `on_success`, `on_failure`, `on_stopped`: what to call when it has ended: a
                `Callback`, a function, or the dotted name of one.
                `webhooks`: a list of `Webhook`, requests to make when it has ended.
                `args`, `kwargs`: all of the function's arguments, for one that uses these names.

        Raises:
            NotImportable: *f* is a lambda, nested, or from `__main__`.
            BadArguments: The arguments do not fit the function's signature.
            NotSerializable: An argument cannot be encoded; `.path` says which.
            PayloadTooLarge: The arguments are over the limit.
            DuplicateJobError: The `job_id` is taken by a running job, or by any if `unique`.
            ValueError: An option's value makes no sense.
            NotImplementedError: An option of RQ that this version does not have.
        """
        return run(self._way, self._storing(calls.parse(f, args, kwargs)))

    def enqueue_call(
        self,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> Job:
        """`enqueue` with the function's arguments apart from the options.

        The options are those of `enqueue`, with `timeout` for `job_timeout`; so are the errors.
        """
        return run(self._way, self._storing(calls.prepare(func, args, kwargs, options)))

    def enqueue_at(
        self,
        when: datetime,
        f: Callable[..., Any] | str,
        /,
        *args: Any,  # noqa: ANN401 - the function's
        **kwargs: Any,  # noqa: ANN401 - the function's
    ) -> Job:
        """`enqueue`, but not before a moment.

        Args:
            when: Aware, or naive, which is local time. Workers look to the server's clock.
            f: The function.
            *args: As in `enqueue`.
            **kwargs: As in `enqueue`.
        """
        call = calls.parse(f, args, kwargs)
        return run(self._way, self._storing(call, due=calls.moment(when)))

    def enqueue_in(
        self,
        time_delta: Duration,
        f: Callable[..., Any] | str,
        /,
        *args: Any,  # noqa: ANN401 - the function's
        **kwargs: Any,  # noqa: ANN401 - the function's
    ) -> Job:
        """`enqueue`, but not before some time has gone by on the server's clock.

        Args:
            time_delta: How long: a timedelta, seconds, or text such as '3m'.
            f: The function.
            *args: As in `enqueue`.
            **kwargs: As in `enqueue`.
        """
        call = calls.parse(f, args, kwargs)
        return run(self._way, self._storing(call, delay=calls.pause(time_delta)))

    def enqueue_many(self, job_datas: Iterable[EnqueueData]) -> list[Job]:
        """Enqueue many calls, in order, in few round trips.

        All are checked before the first is sent. Up to 250 appear in one step; if the server
        refuses one step, those before and after it may have been done.

        Args:
            job_datas: What `prepare_data` returned.

        Raises:
            ValueError: Two of them have the same `job_id`.
        """
        return run(self._way, self._storing_many(job_datas))

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

    @property
    def count(self) -> int:
        """How many jobs are ready."""
        return run(self._way, self._count())

    def __len__(self) -> int:
        return self.count

    def is_empty(self) -> bool:
        """Whether no job is ready."""
        return self.count == 0

    @property
    def job_ids(self) -> list[str]:
        """The ids of all jobs that are ready, the next to run first."""
        return self.get_job_ids()

    @property
    def jobs(self) -> list[Job]:
        """All jobs that are ready, the next to run first."""
        return self.get_jobs()

    def get_job_ids(self, offset: int = 0, length: int = -1) -> list[str]:
        """The ids of up to `length` jobs that are ready (-1: all), from index `offset`."""
        return run(self._way, self._job_ids(offset, length))

    def get_jobs(self, offset: int = 0, length: int = -1) -> list[Job]:
        """Up to `length` jobs that are ready (-1: all), from index `offset`."""
        return run(self._way, self._jobs(offset, length))

    def fetch_job(self, job_id: str) -> Job | None:
        """The job, or None if there is none of that id in this queue or its registries."""
        return run(self._way, self._fetch_job(job_id))

    def get_job_position(self, job_or_id: JobSnapshot | str) -> int | None:
        """How many jobs are ahead of this one; None if it is not in the queue. O(n)."""
        return run(self._way, self._position(as_id(job_or_id)))

    # Clearing

    def empty(self) -> int:
        """Delete all jobs that are ready; returns how many there were."""
        return run(self._way, self._empty())

    def delete(self, delete_jobs: bool = True) -> None:  # noqa: FBT001, FBT002 - as in RQ
        """Empty the queue and take it off the list of queues; its next job brings it back.

        Args:
            delete_jobs: False only takes it off the list if no job is ready.
        """
        run(self._way, self._delete(delete_jobs=delete_jobs))

    def remove(self, job_or_id: JobSnapshot | str) -> None:
        """Cancel a job that is ready; the same as `job.cancel()`.

        Raises:
            InvalidJobOperation: It runs, has ended, or was canceled before.
            NoSuchJobError: There is no such job.
        """
        run(self._way, self._remove(as_id(job_or_id)))

    def suspend(self, ttl: Duration | None = None) -> None:
        """Let workers take no more of its jobs; what runs goes on.

        Args:
            ttl: For how long; None: until `resume`.
        """
        run(self._way, self._suspend(ttl))

    def resume(self) -> bool:
        """Let workers take its jobs again; whether it was suspended by itself."""
        return run(self._way, self._resume())

    def is_suspended(self) -> bool:
        """Whether it is suspended, by itself or with all queues."""
        return run(self._way, self._is_suspended())

    # The registries

    @property
    def started_job_registry(self) -> StartedJobRegistry:
        """The jobs that run."""
        return StartedJobRegistry(queue=self)

    @property
    def finished_job_registry(self) -> FinishedJobRegistry:
        """The jobs that have finished and are still kept."""
        return FinishedJobRegistry(queue=self)

    @property
    def failed_job_registry(self) -> FailedJobRegistry:
        """The jobs that failed for good."""
        return FailedJobRegistry(queue=self)

    @property
    def deferred_job_registry(self) -> DeferredJobRegistry:
        """The jobs that wait for other jobs."""
        return DeferredJobRegistry(queue=self)

    @property
    def scheduled_job_registry(self) -> ScheduledJobRegistry:
        """The jobs that wait for their time."""
        return ScheduledJobRegistry(queue=self)

    @property
    def canceled_job_registry(self) -> CanceledJobRegistry:
        """The jobs that were canceled."""
        return CanceledJobRegistry(queue=self)
