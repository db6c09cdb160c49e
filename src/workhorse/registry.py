"""Registries: the jobs of one queue that are in one state. Reading one changes nothing."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Flow
from workhorse.exceptions import NoSuchJobError
from workhorse.flows import as_id, nonce
from workhorse.job import Job
from workhorse.keys import Keys
from workhorse.names import check_queue_name
from workhorse.ops import control, registries
from workhorse.records import as_datetime
from workhorse.snapshots import JobSnapshot
from workhorse.sources import Source

if TYPE_CHECKING:
    from workhorse.queueflows import QueueFlows


class RegistryFlows:
    """A registry's queue, kind and flows; the facades are `Registry` and `AsyncRegistry`.

    Attributes:
        name: The name of the queue.
        kind: The state, such as `failed`.
    """

    kind = ""

    def __init__(
        self,
        name: str = "default",
        connection: object = None,
        *,
        queue: QueueFlows[Any] | None = None,
        serializer: object = None,
    ) -> None:
        self.name = queue.name if queue else check_queue_name(name)
        self._source = queue.source if queue else Source(connection, serializer)

    @property
    def connection(self) -> Connection:
        """The way to the queue's server; found when it is first needed."""
        return self._way

    @property
    def key(self) -> str:
        """The key of the registry on the server."""
        return registries.registry_key(self._keys, self.kind, self.name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RegistryFlows):
            return NotImplemented
        return (other.kind, other.name) == (self.kind, self.name)

    def __hash__(self) -> int:
        return hash((self.kind, self.name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.name!r}: {self.kind}>"

    @property
    def _way(self) -> Connection:
        return self._source.connection

    @property
    def _keys(self) -> Keys:
        return self._way.keys

    def _count(self) -> Flow[int]:
        found = yield from registries.members(self._keys, self.kind, self.name, 0, 0)
        return found.total

    def _ids(self, start: int, end: int, *, desc: bool) -> Flow[list[str]]:
        found = yield from registries.members(
            self._keys, self.kind, self.name, start, end, desc=desc
        )
        return found.ids

    def _score(self, job_id: str) -> Flow[float | None]:
        return (yield from registries.score(self._keys, self.kind, self.name, job_id))

    def _contains(self, job_id: str) -> Flow[bool]:
        return (yield from self._score(job_id)) is not None

    def _time(self, job_id: str) -> Flow[datetime | None]:
        score = yield from self._score(job_id)
        if score is None:
            raise NoSuchJobError(job_id, f"it is not in the {self.kind} registry of {self.name!r}")
        return None if math.isinf(score) else as_datetime(int(score))

    def _remove(self, job_id: str, *, delete_job: bool) -> Flow[None]:
        yield from self._time(job_id)  # of this registry, and not of another
        if delete_job:
            yield from control.delete(self._keys, job_id)
        else:
            yield from control.forget(self._keys, job_id)

    def _requeue(self, job_id: str, *, at_front: bool) -> Flow[None]:
        yield from control.requeue_one(self._keys, job_id, nonce(), at_front=at_front)


class Registry(RegistryFlows):
    """The jobs of a queue that are in one state; `len()` and `in` work as expected.

    Args:
        name: The name of the queue.
        connection: A URL, a `Connection`, or a client object of redis or valkey.
        queue: The queue itself, instead of both.
        serializer: What decodes the jobs' arguments and results.
    """

    @property
    def count(self) -> int:
        """How many jobs there are."""
        return run(self._way, self._count())

    def get_job_count(self, cleanup: bool = True) -> int:  # noqa: ARG002, FBT001, FBT002 - as in RQ
        """How many jobs there are; `cleanup` has no meaning here, as nothing needs it."""
        return self.count

    def __len__(self) -> int:
        return self.count

    def __contains__(self, job: JobSnapshot | str) -> bool:
        return run(self._way, self._contains(as_id(job)))

    def get_job_ids(
        self,
        start: int = 0,
        end: int = -1,
        desc: bool = False,  # noqa: FBT001, FBT002 - as in RQ
        cleanup: bool = True,  # noqa: ARG002, FBT001, FBT002 - as in RQ
    ) -> list[str]:
        """The ids from index `start` to `end`, both included, -1 being the last.

        Args:
            start: The index of the first.
            end: The index of the last.
            desc: Order by descending time instead of ascending.
            cleanup: Has no meaning here: nothing needs cleaning.
        """
        return run(self._way, self._ids(start, end, desc=desc))

    def get_expiration_time(self, job: JobSnapshot | str) -> datetime | None:
        """When the job leaves the registry by itself, aware UTC; None for never.

        Raises:
            NoSuchJobError: It is not in the registry.
        """
        return run(self._way, self._time(as_id(job)))

    def remove(self, job: JobSnapshot | str, delete_job: bool = False) -> None:  # noqa: FBT001, FBT002 - as in RQ
        """Take a job that has ended out of the registry; it still expires when it would have.

        Args:
            job: The job or its id.
            delete_job: Delete the job altogether, whatever its state.

        Raises:
            NoSuchJobError: It is not in the registry.
            InvalidJobOperation: It has not ended, and is not to be deleted.
        """
        run(self._way, self._remove(as_id(job), delete_job=delete_job))

    def requeue(self, job_or_id: JobSnapshot | str, at_front: bool = False) -> Job:  # noqa: FBT001, FBT002 - as in RQ
        """Run a job that has ended once more.

        Raises:
            NoSuchJobError: There is no such job.
            InvalidJobOperation: It has not ended.
        """
        job = Job(as_id(job_or_id), self._source)
        run(self._way, self._requeue(job.id, at_front=at_front))
        return job


class StartedJobRegistry(Registry):
    """The jobs that run; the time of each is when its lease runs out."""

    kind = "started"


class FinishedJobRegistry(Registry):
    """The jobs that have finished and are still kept."""

    kind = "finished"


class FailedJobRegistry(Registry):
    """The jobs that failed for good."""

    kind = "failed"


class DeferredJobRegistry(Registry):
    """The jobs that wait for other jobs; the time of each is when it began to wait."""

    kind = "deferred"


class CanceledJobRegistry(Registry):
    """The jobs that were canceled before they ran."""

    kind = "canceled"


class ScheduledJobRegistry(Registry):
    """The jobs that wait for their time."""

    kind = "scheduled"

    def get_scheduled_time(self, job: JobSnapshot | str) -> datetime:
        """When the job is due, aware UTC.

        Raises:
            NoSuchJobError: It is not in the registry.
        """
        due = run(self._way, self._time(as_id(job)))
        assert due is not None  # noqa: S101 - for mypy: only expiries can be never
        return due
