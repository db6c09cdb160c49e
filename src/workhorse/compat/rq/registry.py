"""Registries with RQ's signatures. Reading one changes nothing, and none needs cleaning."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workhorse import registry
from workhorse.compat.clients import RQSource, client_of
from workhorse.compat.rq.job import Job, parse_job_id
from workhorse.compat.rq.serializers import chosen
from workhorse.compat.rq.timeouts import BaseDeathPenalty, UnixSignalDeathPenalty
from workhorse.drivers import run
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError
from workhorse.flows import as_id
from workhorse.names import check_queue_name
from workhorse.ops import registries
from workhorse.queueflows import QueueFlows
from workhorse.snapshots import JobSnapshot
from workhorse.sources import Source

if TYPE_CHECKING:
    from workhorse.compat.rq.queue import Queue


class BaseRegistry(registry.Registry):
    """The jobs of a queue that are in one state: `workhorse.registry.Registry`, for RQ's users."""

    job_class: type[Job] = Job
    death_penalty_class: type[BaseDeathPenalty] = UnixSignalDeathPenalty

    def __init__(
        self,
        name: str = "default",
        connection: object = None,
        job_class: type[Job] | None = None,
        queue: QueueFlows[Any] | None = None,
        serializer: object = None,
        death_penalty_class: object = None,
    ) -> None:
        del death_penalty_class  # the worker's own timeouts hold
        self.name = queue.name if queue else check_queue_name(name)
        if queue is not None:
            self._source = queue.source
        elif isinstance(connection, Source):
            self._source = connection
        else:
            self._source = RQSource(connection, chosen(serializer))
        if job_class or queue:
            found: Any = job_class or getattr(queue, "job_class", Job)
            self.job_class = found

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self._source)

    @property
    def serializer(self) -> Any:
        """What encodes values."""
        return self._source.codec.serializer

    def get_queue(self) -> Queue:
        """The queue that it belongs to."""
        from workhorse.compat.rq.queue import Queue

        return Queue(self.name, self._source, job_class=self.job_class)

    def cleanup(self, timestamp: float | None = None, exception_handlers: object = None) -> None:
        """Do nothing: nothing needs it."""

    @staticmethod
    def parse_job_id(entry: str) -> str:
        """The id of a job in an entry."""
        return parse_job_id(entry)

    def get_expired_job_ids(self, timestamp: float | None = None) -> list[str]:
        """The ids of the jobs whose time is up; of one that counts expiries, those were dropped."""
        until = (time.time() if timestamp is None else timestamp) * 1000
        return run(self._way, registries.until(self._keys, self.kind, self.name, until))

    def remove(
        self,
        job: JobSnapshot | str,
        pipeline: Any = None,
        delete_job: bool = False,
    ) -> None:
        """Take a job that has ended out of the registry, if it is in there.

        Args:
            job: The job or its id.
            pipeline: Do it when that is executed. A job that has not ended leaves its registry by
                what else is done with it: then there is nothing to do here.
            delete_job: Delete the job altogether, whatever its state.

        Raises:
            InvalidJobOperation: It has not ended, and is not to be deleted.
        """
        if pipeline is None:
            with suppress(NoSuchJobError):
                super().remove(as_id(job), delete_job)
        elif delete_job:
            self.job_class(as_id(job), self._source).delete(pipeline)
        elif self.kind in registries.EXPIRING:
            pipeline.zrem(self.key, as_id(job))

    def requeue(self, job_or_id: JobSnapshot | str, at_front: bool = False) -> Job:
        """Run a job of this registry once more.

        Raises:
            InvalidJobOperation: It is not in this registry.
        """
        job = self.job_class(as_id(job_or_id), self._source)
        if job not in self:
            raise InvalidJobOperation(f"job {job.id!r} is not in {self!r}")
        return job.requeue(at_front=at_front)


class StartedJobRegistry(BaseRegistry, registry.StartedJobRegistry):
    """The jobs that run; the time of each is when its lease runs out."""

    def get_job_and_execution_ids(
        self,
        start: int = 0,
        end: int = -1,
        desc: bool = False,
        cleanup: bool = True,
    ) -> list[tuple[str, str]]:
        """The ids of the jobs that run, each with that of its execution."""
        ids = self.get_job_ids(start, end, desc)
        found = run(self._way, self.job_class._fetch_many(self._source, ids))
        return [(job.id, str(job.record.attempt)) for job in found if job is not None]


class FinishedJobRegistry(BaseRegistry, registry.FinishedJobRegistry):
    """The jobs that have finished and are still kept."""


class FailedJobRegistry(BaseRegistry, registry.FailedJobRegistry):
    """The jobs that failed for good, or were stopped."""


class DeferredJobRegistry(BaseRegistry, registry.DeferredJobRegistry):
    """The jobs that wait for other jobs; the time of each is when it began to wait."""


class ReadyJobRegistry(BaseRegistry):
    """Nothing: a job whose dependencies are met is in its queue, in the same step."""

    kind = "deferred"

    @property
    def count(self) -> int:
        """None."""
        return 0

    def get_job_ids(
        self,
        start: int = 0,
        end: int = -1,
        desc: bool = False,
        cleanup: bool = True,
    ) -> list[str]:
        """None."""
        return []

    def __contains__(self, job: JobSnapshot | str) -> bool:
        return False


class ScheduledJobRegistry(BaseRegistry, registry.ScheduledJobRegistry):
    """The jobs that wait for their time."""

    def schedule(self, job: Job, scheduled_datetime: datetime, pipeline: object = None) -> None:
        """Store a job that was created; it is due at a moment."""
        self.get_queue().schedule_job(job, scheduled_datetime, pipeline)

    def get_jobs_to_schedule(
        self, timestamp: float | None = None, chunk_size: int = 1000
    ) -> list[str]:
        """The ids of the jobs that are due by now, or by then; workers enqueue them."""
        return self.get_expired_job_ids(timestamp)[:chunk_size]


class CanceledJobRegistry(BaseRegistry, registry.CanceledJobRegistry):
    """The jobs that were canceled before they ran."""


def clean_registries(queue: Queue, exception_handlers: object = None) -> None:
    """Do nothing: whoever asks for jobs does what is to be done."""


__all__ = [
    "BaseRegistry",
    "CanceledJobRegistry",
    "DeferredJobRegistry",
    "FailedJobRegistry",
    "FinishedJobRegistry",
    "ReadyJobRegistry",
    "ScheduledJobRegistry",
    "StartedJobRegistry",
    "clean_registries",
]
