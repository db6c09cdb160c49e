"""`Queue` with RQ's signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from workhorse import calls
from workhorse.compat.buffers import buffered
from workhorse.compat.clients import RQSource, client_of, namespace, way_to
from workhorse.compat.making import tell_apart
from workhorse.compat.rq.job import Job, JobStatus, Retry
from workhorse.compat.rq.queuewords import QueueWords
from workhorse.compat.rq.serializers import chosen
from workhorse.compat.rq.timeouts import BaseDeathPenalty, UnixSignalDeathPenalty
from workhorse.defaults import DEFAULT_TIMEOUT
from workhorse.dependency import RateLimit
from workhorse.drivers import run
from workhorse.effects import Flow
from workhorse.exceptions import InvalidJobOperation
from workhorse.flows import as_id
from workhorse.keys import Keys
from workhorse.ops import queues
from workhorse.options import EnqueueData
from workhorse.policies import Repeat
from workhorse.snapshots import JobSnapshot
from workhorse.sources import Source

_KEYS = Keys(namespace())
_PREFIX = _KEYS.queue("")


class EnqueueArgs(NamedTuple):
    """What `Queue.parse_args` tells apart: the options, and the function's own arguments."""

    func: Callable[..., Any] | str
    timeout: int | str | None = None
    description: str | None = None
    result_ttl: int | None = None
    ttl: int | None = None
    failure_ttl: int | None = None
    depends_on: Any = None
    job_id: str | None = None
    at_front: bool = False
    meta: Mapping[str, Any] | None = None
    retry: Retry | None = None
    repeat: Repeat | None = None
    on_success: Any = None
    on_failure: Any = None
    on_stopped: Any = None
    rate_limit: RateLimit | None = None
    pipeline: Any = None
    unique: bool = False
    args: Sequence[Any] | None = None
    kwargs: Mapping[str, Any] | None = None
    webhooks: Sequence[Any] | None = None


_OPTIONS = {*EnqueueArgs._fields, "job_timeout"} - {"func", "timeout", "args", "kwargs"}


class Queue(QueueWords):
    """A named list of jobs: `workhorse.Queue`, with RQ's signatures and further words.

    What RQ's own workers and scripts call is not here; docs/rq.md says of each name why.
    """

    job_class: type[Job] = Job
    death_penalty_class: type[BaseDeathPenalty] = UnixSignalDeathPenalty
    DEFAULT_TIMEOUT = int(DEFAULT_TIMEOUT)
    redis_queue_namespace_prefix = _PREFIX
    redis_queues_keys = _KEYS.queues

    def __init__(
        self,
        name: str = "default",
        connection: object = None,
        default_timeout: int | str | None = None,
        is_async: bool = True,
        job_class: str | type[Job] | None = None,
        serializer: object = None,
        death_penalty_class: type[BaseDeathPenalty] | None = UnixSignalDeathPenalty,
        **kwargs: Any,
    ) -> None:
        del death_penalty_class  # the worker's own timeouts hold
        is_async = kwargs.pop("async", is_async)
        if kwargs:
            raise TypeError(f"Queue() has no parameter {', '.join(kwargs)}")
        super().__init__(name, None, default_timeout, is_async)
        if not is_async:
            tell_apart()
        if isinstance(connection, Source):
            self.source = connection
        else:
            self.source = RQSource(connection, chosen(serializer))
        if job_class is not None:
            from workhorse.compat.rq.utils import import_job_class

            self.job_class = import_job_class(job_class)
        self._job = self.job_class  # type: ignore[misc]  # each queue may have its own

    @classmethod
    def all(
        cls,
        connection: object,
        job_class: type[Job] | None = None,
        serializer: object = None,
        death_penalty_class: type[BaseDeathPenalty] | None = None,
    ) -> list[Self]:
        """All queues that hold jobs or have held some, by name."""
        del death_penalty_class
        way = way_to(connection)
        found = run(way, queues.names(way.keys))
        return [
            cls(name, connection=connection, job_class=job_class, serializer=serializer)
            for name in found
        ]

    @classmethod
    def from_queue_key(
        cls,
        queue_key: str,
        connection: object,
        job_class: type[Job] | None = None,
        serializer: object = None,
        death_penalty_class: type[BaseDeathPenalty] | None = None,
    ) -> Self:
        """The queue whose list has this key.

        Raises:
            ValueError: No queue's list has it.
        """
        del death_penalty_class
        prefix = way_to(connection).keys.queue("")
        if not queue_key.startswith(prefix):
            raise ValueError(f"Not a valid queue key: {queue_key}")
        name = queue_key.removeprefix(prefix)
        return cls(name, connection=connection, job_class=job_class, serializer=serializer)

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self.source)

    @property
    def serializer(self) -> Any:
        """What encodes values."""
        return self.source.codec.serializer

    def __iter__(self) -> Any:
        yield self

    # Enqueueing

    @classmethod
    def parse_args(cls, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> EnqueueArgs:
        """Tell the options in `enqueue(f, *args, **kwargs)` from the function's arguments."""
        options = {name: kwargs.pop(name) for name in _OPTIONS.intersection(kwargs)}
        options["timeout"] = options.pop("job_timeout", None)
        if "args" in kwargs or "kwargs" in kwargs:
            explicit = {name: kwargs.pop(name, None) for name in ("args", "kwargs")}
            if args or kwargs:
                raise TypeError("args= and kwargs= give all of the function's arguments")
            return EnqueueArgs(f, **options, **explicit)
        return EnqueueArgs(f, **options, args=args, kwargs=kwargs)

    def enqueue(self, f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Job:
        """Store a call and put it at the tail; see `workhorse.Queue.enqueue`."""
        return self.enqueue_call(**self.parse_args(f, *args, **kwargs)._asdict())

    def enqueue_call(
        self,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        timeout: int | str | None = None,
        result_ttl: int | str | None = None,
        ttl: int | str | None = None,
        failure_ttl: int | str | None = None,
        description: str | None = None,
        depends_on: Any = None,
        job_id: str | None = None,
        at_front: bool = False,
        meta: Mapping[str, Any] | None = None,
        retry: Retry | None = None,
        repeat: Repeat | None = None,
        on_success: Any = None,
        on_failure: Any = None,
        on_stopped: Any = None,
        rate_limit: RateLimit | None = None,
        pipeline: object = None,
        unique: bool = False,
        webhooks: Sequence[Any] | None = None,
    ) -> Job:
        """`enqueue` with the function's arguments apart from the options."""
        call = _call(
            func,
            args,
            kwargs,
            **{"timeout": timeout, "result_ttl": result_ttl, "ttl": ttl, "meta": meta},
            **{"failure_ttl": failure_ttl, "description": description, "job_id": job_id},
            **{"depends_on": depends_on, "at_front": at_front, "retry": retry, "repeat": repeat},
            **{"on_success": on_success, "on_failure": on_failure, "on_stopped": on_stopped},
            **{"rate_limit": rate_limit, "unique": unique, "webhooks": webhooks},
        )
        if type(self).enqueue_job is _AS_IT_WAS["enqueue_job"]:
            return self._put(self._storing(call), pipeline)
        job = self.job_class.unsent(call, self.source, self.name, JobStatus.QUEUED)
        return self.enqueue_job(job, pipeline=pipeline, at_front=at_front, unique=unique)

    def enqueue_at(
        self,
        datetime: datetime,
        f: Callable[..., Any] | str,
        *args: Any,
        **kwargs: Any,
    ) -> Job:
        """`enqueue`, but not before a moment; `depends_on` holds as well."""
        found = self.parse_args(f, *args, **kwargs)
        flow = self._storing(_of(found), due=calls.moment(datetime))
        return self._put(flow, found.pipeline)

    def enqueue_in(
        self,
        time_delta: timedelta,
        func: Callable[..., Any] | str,
        *args: Any,
        **kwargs: Any,
    ) -> Job:
        """`enqueue`, but not before some time has gone by on the server's clock."""
        found = self.parse_args(func, *args, **kwargs)
        flow = self._storing(_of(found), delay=calls.pause(time_delta))
        return self._put(flow, found.pipeline)

    def enqueue_many(
        self,
        job_datas: Iterable[EnqueueData],
        pipeline: object = None,
        group_id: str | None = None,
    ) -> list[Job]:
        """Enqueue many calls, in order, in few round trips."""
        given = [call._replace(group_id=group_id or call.group_id) for call in job_datas]
        flow = self._storing_many(given)
        return self._put(flow, pipeline)

    @staticmethod
    def prepare_data(
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        timeout: int | str | None = None,
        result_ttl: int | str | None = None,
        ttl: int | str | None = None,
        failure_ttl: int | str | None = None,
        description: str | None = None,
        depends_on: Any = None,
        job_id: str | None = None,
        at_front: bool = False,
        meta: Mapping[str, Any] | None = None,
        retry: Retry | None = None,
        on_success: Any = None,
        on_failure: Any = None,
        on_stopped: Any = None,
        repeat: Repeat | None = None,
        webhooks: Sequence[Any] | None = None,
    ) -> EnqueueData:
        """One call for `enqueue_many`."""
        return _call(
            func,
            args,
            kwargs,
            **{"timeout": timeout, "result_ttl": result_ttl, "ttl": ttl, "meta": meta},
            **{"failure_ttl": failure_ttl, "description": description, "job_id": job_id},
            **{"depends_on": depends_on, "at_front": at_front, "retry": retry, "repeat": repeat},
            **{"on_success": on_success, "on_failure": on_failure, "on_stopped": on_stopped},
            webhooks=webhooks,
        )

    def create_job(
        self,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        timeout: int | str | None = None,
        result_ttl: int | str | None = None,
        ttl: int | str | None = None,
        failure_ttl: int | str | None = None,
        description: str | None = None,
        depends_on: Any = None,
        job_id: str | None = None,
        meta: Mapping[str, Any] | None = None,
        status: JobStatus = JobStatus.QUEUED,
        retry: Retry | None = None,
        repeat: Repeat | None = None,
        *,
        on_success: Any = None,
        on_failure: Any = None,
        on_stopped: Any = None,
        webhooks: Sequence[Any] | None = None,
        group_id: str | None = None,
        rate_limit: RateLimit | None = None,
    ) -> Job:
        """A job that is stored when `enqueue_job` or `schedule_job` is called with it."""
        call = _call(
            func,
            args,
            kwargs,
            **{"timeout": timeout, "result_ttl": result_ttl, "ttl": ttl, "meta": meta},
            **{"failure_ttl": failure_ttl, "description": description, "job_id": job_id},
            **{"depends_on": depends_on, "group_id": group_id, "retry": retry, "repeat": repeat},
            **{"on_success": on_success, "on_failure": on_failure, "on_stopped": on_stopped},
            **{"rate_limit": rate_limit, "webhooks": webhooks},
        )
        return self.job_class.unsent(call, self.source, self.name, status)

    def enqueue_job(
        self,
        job: Job,
        pipeline: object = None,
        at_front: bool = False,
        unique: bool = False,
    ) -> Job:
        """Store a job that was created, or let one that is stored run now.

        One that is scheduled or deferred waits no longer; one that has ended runs once more.

        Raises:
            InvalidJobOperation: It runs, or it is of another queue.
        """
        call = job.pending_call
        if call is None:
            return self._again(job, pipeline, at_front=at_front)
        call = call._replace(at_front=at_front, unique=unique)
        job.stored(self._put(self._storing(call), pipeline))
        return job

    def schedule_job(
        self,
        job: Job,
        datetime: datetime,
        pipeline: object = None,
        unique: bool = False,
    ) -> Job:
        """Store a job that was created; it is due at a moment.

        Raises:
            InvalidJobOperation: It is stored already.
        """
        call = job.pending_call
        if call is None:
            raise InvalidJobOperation(f"job {job.id!r} is stored already; enqueue a new one")
        flow = self._storing(call._replace(unique=unique), due=calls.moment(datetime))
        job.stored(self._put(flow, pipeline))
        return job

    # Clearing

    def remove(self, job_or_id: JobSnapshot | str, pipeline: object = None) -> None:
        """Cancel a job that is ready."""
        self._put(self._remove(as_id(job_or_id)), pipeline)

    def compact(self) -> None:
        """Do nothing: workers pass over a job that has expired."""

    def _put(self, flow: Flow[Any], pipeline: object) -> Any:
        return run(self._way, flow) if pipeline is None else buffered(pipeline, flow)

    def _again(self, job: Job, pipeline: object, *, at_front: bool) -> Job:
        status = job.get_status(refresh=pipeline is None)
        if job.origin != self.name:
            raise InvalidJobOperation(f"job {job.id!r} belongs to the queue {job.origin!r}")
        waits = status in {JobStatus.SCHEDULED, JobStatus.DEFERRED}
        flow = job._promote(at_front=at_front) if waits else job._rerun(at_front=at_front)
        if status != JobStatus.QUEUED:
            self._put(flow, pipeline)
        return job


_AS_IT_WAS = {"enqueue_job": Queue.enqueue_job}
"""Where a program overrides it, or a tool has wrapped it, every job goes by way of it."""


def _call(
    func: Callable[..., Any] | str,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    **options: Any,
) -> EnqueueData:
    return calls.prepare(func, args, kwargs, options)


def _of(found: EnqueueArgs) -> EnqueueData:
    given = found._asdict()
    del given["pipeline"]
    return _call(given.pop("func"), given.pop("args"), given.pop("kwargs"), **given)


__all__ = ["EnqueueArgs", "EnqueueData", "Queue"]
