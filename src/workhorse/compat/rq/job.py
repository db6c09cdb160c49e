"""`Job` with RQ's signatures, and what else programs find in RQ's module of that name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from workhorse import calls, job, policies
from workhorse.clock import new_id
from workhorse.compat.buffers import buffered
from workhorse.compat.clients import RQSource, client_of, namespace
from workhorse.compat.rq.jobdict import ShownJob
from workhorse.compat.rq.jobpolicies import whole
from workhorse.compat.rq.serializers import chosen
from workhorse.compat.rq.statuses import JobStatus, known
from workhorse.dependency import Dependency
from workhorse.drivers import run
from workhorse.effects import Flow
from workhorse.envelopes import open_result
from workhorse.exceptions import DeserializationError
from workhorse.flows import nonce
from workhorse.keys import Keys
from workhorse.names import check_job_id as validate_job_id
from workhorse.ops import control
from workhorse.options import EnqueueData
from workhorse.policies import Interval
from workhorse.snapshots import UNSET as UNEVALUATED
from workhorse.sources import Source
from workhorse.states import JobStatus as _JobStatus

if TYPE_CHECKING:
    from workhorse.compat.rq.executions import ExecutionRegistry
    from workhorse.compat.rq.registry import (
        FailedJobRegistry,
        FinishedJobRegistry,
        StartedJobRegistry,
    )

JOB_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]+")

_KEYS = Keys(namespace())


class Retry(policies.Retry):
    """How often, and after how long, a job that has failed runs again; see `workhorse.Retry`."""

    def __init__(
        self,
        max: int,
        interval: Interval | Sequence[Interval] = 0,
        enqueue_at_front: bool = False,
    ) -> None:
        super().__init__(max, interval, enqueue_at_front=enqueue_at_front)

    @property
    def intervals(self) -> list[float]:
        """The pauses, seconds."""
        return [whole(pause) for pause in self.interval]

    @classmethod
    def get_interval(cls, count: int, intervals: float | Sequence[float] | None) -> float:
        """The pause after so many retries, seconds; the last one repeats."""
        several = [intervals] if isinstance(intervals, int | float) else intervals or [0]
        return several[min(count, len(several) - 1)]

    def __repr__(self) -> str:
        pauses = self.intervals
        shown = pauses[0] if len(pauses) == 1 else pauses
        front = self.enqueue_at_front
        return f"Retry(max={self.max}, interval={shown!r}, enqueue_at_front={front!r})"


class Job(ShownJob):
    """One stored function call: `workhorse.Job`, with RQ's signatures and further words.

    What RQ's own workers and scripts call is not here; docs/rq.md says of each name why.
    """

    redis_job_namespace_prefix = _KEYS.job_prefix

    _unsent: EnqueueData | None = None

    def __init__(
        self,
        id: str | None = None,
        connection: object = None,
        serializer: object = None,
    ) -> None:
        source = connection if isinstance(connection, Source) else None
        super().__init__(
            new_id() if id is None else parse_job_id(id),
            source or RQSource(connection, chosen(serializer)),
        )

    @classmethod
    def create(
        cls,
        func: Callable[..., Any] | str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        connection: object = None,
        result_ttl: int | None = None,
        ttl: int | None = None,
        status: JobStatus | None = None,
        description: str | None = None,
        depends_on: Any = None,
        timeout: int | str | None = None,
        retry: policies.Retry | None = None,
        id: str | None = None,
        origin: str = "",
        meta: Mapping[str, Any] | None = None,
        failure_ttl: int | None = None,
        serializer: object = None,
        group_id: str | None = None,
        *,
        on_success: Any = None,
        on_failure: Any = None,
        on_stopped: Any = None,
        webhooks: Sequence[Any] | None = None,
    ) -> Self:
        """A job that is stored when `Queue.enqueue_job` or `schedule_job` is called with it."""
        options = {
            **{"result_ttl": result_ttl, "ttl": ttl, "description": description, "meta": meta},
            **{"depends_on": depends_on, "timeout": timeout, "retry": retry, "job_id": id},
            **{"failure_ttl": failure_ttl, "group_id": group_id, "webhooks": webhooks},
            **{"on_success": on_success, "on_failure": on_failure, "on_stopped": on_stopped},
        }
        call = calls.prepare(func, args, kwargs, options)
        source = RQSource(connection, chosen(serializer))
        return cls.unsent(call, source, origin, status or JobStatus.CREATED)

    @classmethod
    def unsent(cls, call: EnqueueData, source: Source, origin: str, status: JobStatus) -> Self:
        """A job that is not stored yet; what is wrong with it is said now."""
        shaper = calls.Shaper(source.namespace, origin, source.codec)
        found = cls.__new__(cls)
        found.sent(source, shaper.spec(call._replace(job_id=call.job_id or new_id())), origin, 0)
        was = known(status)
        found.seen(replace(found.record, status=was, created_at=None, enqueued_at=None))
        found._unsent = call
        return found

    @property
    def pending_call(self) -> EnqueueData | None:
        """The call of a job that is not stored yet, as it is now; None for one that is."""
        call = self._unsent
        return call and call._replace(job_id=self.id, meta=self.meta or None)

    def stored(self, other: job.Job) -> None:
        """Take in that the job was stored."""
        self._unsent = None
        self.seen(other.record)

    # Finding

    @classmethod
    def fetch(
        cls,
        id: str,
        connection: object = None,
        serializer: object = None,
    ) -> Self:
        """The job with this id, or that of an execution `job:number`.

        Raises:
            NoSuchJobError: There is none.
        """
        found = cls(id, connection, serializer)
        found.refresh()
        return found

    @classmethod
    def fetch_many(
        cls, job_ids: Sequence[str], connection: object, serializer: object = None
    ) -> list[Self | None]:
        """The jobs with these ids in one round trip; None for those that do not exist."""
        source = RQSource(connection, chosen(serializer))
        return run(source.connection, cls._fetch_many(source, [parse_job_id(i) for i in job_ids]))

    @classmethod
    def exists(cls, job_id: str, connection: object) -> bool:
        """Whether there is such a job."""
        found = cls(job_id, connection)
        return run(found._way, found._exists())

    # Where it is

    @classmethod
    def key_for(cls, job_id: str) -> str:
        """The key of a job's hash."""
        return _KEYS.job(job_id)

    @classmethod
    def dependents_key_for(cls, job_id: str) -> str:
        """The key of the list of jobs that wait for one."""
        return _KEYS.dependents(job_id)

    @property
    def dependents_key(self) -> str:
        """The key of the list of jobs that wait for this one."""
        return self._keys.dependents(self.id)

    @property
    def dependencies_key(self) -> str:
        """The key of the set of jobs that this one still waits for."""
        return self._keys.waits(self.id)

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self._source)

    @property
    def serializer(self) -> Any:
        """Encodes values, and reads what is stored in the job's hash."""
        return _Reader(self)

    # Others

    @property
    def started_job_registry(self) -> StartedJobRegistry:
        """Where it is while it runs."""
        from workhorse.compat.rq import registry

        return registry.StartedJobRegistry(self.origin, self._source, type(self))

    @property
    def failed_job_registry(self) -> FailedJobRegistry:
        """Where it is when it has failed."""
        from workhorse.compat.rq import registry

        return registry.FailedJobRegistry(self.origin, self._source, type(self))

    @property
    def finished_job_registry(self) -> FinishedJobRegistry:
        """Where it is when it has finished."""
        from workhorse.compat.rq import registry

        return registry.FinishedJobRegistry(self.origin, self._source, type(self))

    @property
    def execution_registry(self) -> ExecutionRegistry:
        """Its runs that go on."""
        from workhorse.compat.rq import executions

        return executions.ExecutionRegistry(self.id, self._source)

    def get_executions(self) -> list[Any]:
        """Its runs that go on: one, or none."""
        return self.execution_registry.get_executions()

    # What can be done

    def cancel(
        self,
        pipeline: object = None,
        enqueue_dependents: bool = False,
        remove_from_dependencies: bool = False,
    ) -> dict[str, list[str]]:
        """Keep the job from running.

        Args:
            pipeline: Do it when that is executed.
            enqueue_dependents: Let the jobs run that wait for it; else they fare as they wish.
            remove_from_dependencies: The same.

        Returns:
            Nothing: dependents enter their queues on the server, in the same step.

        Raises:
            InvalidJobOperation: It runs, has ended, or was canceled before.
        """
        release = enqueue_dependents or remove_from_dependencies
        self._do(pipeline, self._cancel(release=release))
        return {}

    def delete(
        self,
        pipeline: object = None,
        remove_from_queue: bool = True,
        delete_dependents: bool = False,
    ) -> None:
        """Forget the job wherever it is; see `workhorse.Job.delete`.

        Args:
            pipeline: Do it when that is executed.
            remove_from_queue: Always.
            delete_dependents: Forget those that wait for it as well.
        """
        self._do(pipeline, self._delete(dependents=delete_dependents))

    def delete_dependents(self, pipeline: object = None) -> None:
        """Forget the jobs that wait for this one."""
        self._do(pipeline, self._delete_dependents())

    def save(
        self,
        pipeline: object = None,
        include_meta: bool = True,
        include_result: bool = True,
    ) -> None:
        """Store `meta`. All else that is stored of a job never changes under somebody's hands.

        A job that `create` has made is stored when it is enqueued, and not before.
        """
        if include_meta and self._unsent is None:
            self.meta  # noqa: B018 - read now: within a pipeline nothing can be asked
            self._do(pipeline, self._save_meta())

    def perform(self) -> Any:
        """Call the function here and now; nothing of it is stored."""
        target = self.func if self.instance is None else getattr(self.instance, self._method)
        return target(*self.args, **self.kwargs)

    @property
    def _method(self) -> str:
        return self.func_name.rpartition(".")[2]

    def _rerun(self, *, at_front: bool) -> Flow[None]:
        yield from control.requeue_one(self._keys, self.id, nonce(), at_front=at_front)
        self._status = _JobStatus.QUEUED

    def _do(self, pipeline: object, flow: Flow[Any]) -> None:
        if pipeline is None:
            run(self._way, flow)
        else:
            buffered(pipeline, flow)


class _Reader:
    """A job's serializer, for those who read its hash by themselves."""

    def __init__(self, of: Job) -> None:
        self._job = of
        self._codec = of._source.codec

    def dumps(self, value: Any) -> bytes:
        """The value as bytes."""
        return self._codec.serializer.dumps(value)

    def loads(self, data: bytes) -> Any:
        """The value in the field `result` of the job's hash, or in bytes from `dumps`."""
        try:
            return open_result(self._codec, self._job._bearer, data)
        except DeserializationError:
            return self._codec.serializer.loads(data)


def get_current_job(connection: object = None, job_class: type[Job] | None = None) -> Job | None:
    """The job that is running this very code, or None outside of a worker."""
    del connection
    found = job.get_current_job()
    if found is None or isinstance(found, job_class or Job):
        return found
    # It runs in a worker of Workhorse's own, which gives handles of its own.
    return (job_class or Job)(found.id, found._source).seen(found.record)


def cancel_job(
    job_id: str,
    connection: object,
    serializer: object = None,
    enqueue_dependents: bool = False,
) -> None:
    """Keep a job from running; see `Job.cancel`."""
    Job.fetch(job_id, connection, serializer).cancel(enqueue_dependents=enqueue_dependents)


def requeue_job(job_id: str, connection: object, serializer: object = None) -> Job:
    """Run a job that has ended once more; see `workhorse.Job.requeue`."""
    return Job.fetch(job_id, connection, serializer).requeue()


def parse_job_id(job_or_execution_id: str) -> str:
    """The id of a job, also from that of one of its executions."""
    return job_or_execution_id.split(":", maxsplit=1)[0]


__all__ = [
    "JOB_ID_PATTERN",
    "UNEVALUATED",
    "Dependency",
    "Job",
    "JobStatus",
    "Retry",
    "cancel_job",
    "get_current_job",
    "parse_job_id",
    "requeue_job",
    "validate_job_id",
]
