"""`Group` with RQ's signatures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from workhorse import group
from workhorse.compat.buffers import buffered
from workhorse.compat.clients import RQSource, client_of, namespace, way_to
from workhorse.compat.rq.job import Job
from workhorse.compat.rq.queue import Queue
from workhorse.drivers import run
from workhorse.effects import Flow
from workhorse.flows import as_id
from workhorse.keys import Keys
from workhorse.ops import control, groups
from workhorse.options import EnqueueData
from workhorse.snapshots import JobSnapshot

_KEYS = Keys(namespace())


class Group(group.Group):
    """Jobs that belong together: `workhorse.Group`, with RQ's signatures."""

    REDIS_GROUP_NAME_PREFIX = _KEYS.group("")
    REDIS_GROUP_KEY = _KEYS.groups

    def __init__(self, connection: object, name: str | None = None) -> None:
        super().__init__(None, name)
        self._source = RQSource(connection, "pickle")

    def __repr__(self) -> str:
        return f"Group(id={self.name})"

    @classmethod
    def create(cls, connection: object, name: str | None = None) -> Self:
        """A new group on the server.

        Raises:
            DuplicateGroupError: There is a group of that name.
        """
        made = cls(connection, name)
        return run(made._way, made._create(None, "default", group.A_WEEK))

    @classmethod
    def fetch(cls, name: str, connection: object) -> Self:
        """The group of that name.

        Raises:
            NoSuchGroupError: There is none.
        """
        found = cls(connection, name)
        return run(found._way, found._found())

    @classmethod
    def all(cls, connection: object) -> list[Self]:
        """All groups, the oldest first."""
        way = way_to(connection)
        return [cls(connection, name) for name in run(way, groups.names(way.keys))]

    @classmethod
    def get_key(cls, name: str) -> str:
        """The key of a group's hash."""
        return _KEYS.group(name)

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self._source)

    def enqueue_many(
        self, queue: Queue, job_datas: Iterable[EnqueueData], pipeline: object = None
    ) -> list[Job]:
        """Enqueue calls as jobs of this group."""
        flow: Flow[Any] = self._adding(queue, job_datas)
        return run(self._way, flow) if pipeline is None else buffered(pipeline, flow)

    def get_jobs(self) -> list[Job]:
        """Its jobs that are still kept."""
        flow: Flow[Any] = self._records(Job)
        return run(self._way, flow)

    def delete_job(self, job_id: JobSnapshot | str, pipeline: object = None) -> bool:
        """Delete one job; whether there was one."""
        flow = control.delete(self._keys, as_id(job_id))
        return run(self._way, flow) if pipeline is None else buffered(pipeline, flow)

    def cleanup(self) -> None:
        """Do nothing: the server counts the jobs of a group as they end."""

    @classmethod
    def clean_registries(cls, connection: object) -> None:
        """Do nothing, as above."""


__all__ = ["Group"]
